/** How a task is run: tries, waits, its time, and whether what it gave before may stand in. */

import { jsonText } from '../model/json';
import { hasPolicy, policyOf, setPolicy } from '../model/policy';
import type { FullPolicy } from '../model/policy';
import type { TaskEntry } from '../model/types';
import { useActions } from './context';
import { SwitchField, TextField } from './fields';

export function PolicyForm(props: {
  task: TaskEntry; readOnly: boolean;
}): React.JSX.Element | null {
  const { task, readOnly } = props;
  const actions = useActions();
  if (!hasPolicy(task)) {
    return null;
  }
  const policy = policyOf(actions.lookup, task);
  const set = <K extends keyof FullPolicy>(name: K, value: FullPolicy[K]) =>
    actions.edit(
      now => setPolicy(now, actions.lookup, task.name, name, value), `${task.name} policy ${name}`
    );
  const shared = { numeric: true, disabled: readOnly };
  return (
    <details className="dlaaw-policy">
      <summary>How it runs</summary>
      <TextField
        {...shared} label="Tries after a failure" value={jsonText(policy.retries)}
        help="A whole number from 0: how often it is tried again."
        refuse={text => refusal(text, 'a whole number from 0', n => Number.isSafeInteger(n) && n >= 0)}
        onChange={text => set('retries', Number(text))}
      />
      <TextField
        {...shared} label="Wait before them, in seconds" value={jsonText(policy.backoff_s)}
        help="Seconds from 0 before the first of these tries; each waits twice as long as the one before."
        refuse={text => refusal(text, 'seconds from 0', n => n >= 0)}
        onChange={text => set('backoff_s', Number(text))}
      />
      <TextField
        {...shared} label="Time limit, in seconds" placeholder="none"
        value={policy.timeout_s === null ? '' : jsonText(policy.timeout_s)}
        help="Seconds above 0 that one try may take; empty for any."
        refuse={text =>
          text.trim() === '' ? null : refusal(text, 'seconds above 0, or nothing', n => n > 0)
        }
        onChange={text => set('timeout_s', text.trim() === '' ? null : Number(text))}
      />
      <SwitchField
        label="Reuse an earlier result" disabled={readOnly} value={policy.cached}
        help="Off for what reads the time, a service, or a random number: it then runs each time."
        onChange={value => set('cached', value)}
      />
    </details>
  );
}

function refusal(text: string, wanted: string, fits: (value: number) => boolean): string | null {
  const value = Number(text);
  return text.trim() !== '' && Number.isFinite(value) && fits(value)
    ? null
    : `Expected ${wanted}, got "${text.slice(0, 40)}".`;
}
