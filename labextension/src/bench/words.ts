/** Times and states in words. */

/** Say how long something took. */
export function tookText(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) {
    return '';
  }
  if (seconds < 1) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(seconds < 10 ? 2 : 0)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Say when something was: the time of today, else the day too. */
export function whenText(seconds: number, now = new Date()): string {
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString('en-GB');
  const today = date.toDateString() === now.toDateString();
  return today ? time : `${date.toLocaleDateString('en-CA')} ${time}`;
}

/** Count things: "1 task", "3 tasks". */
export function counted(count: number, thing: string): string {
  return `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`;
}

const WORDS: Record<string, string> = { cached: 'reused', interrupted: 'interrupted' };
const ICONS: Record<string, string> = { interrupted: 'warning', unreachable: 'failed', available: 'finished' };

/** The word for a state of a run, a task or a target. */
export function stateText(state: string): string {
  return WORDS[state] ?? state;
}

/** The name of the picture for a state. */
export function stateIcon(state: string): string {
  return ICONS[state] ?? state;
}
