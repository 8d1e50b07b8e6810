/** Names that are not taken yet. */

/** Count a kind as Python does: `ReadCSV1`, `ReadCSV2`. */
export function countedName(kind: string, taken: ReadonlySet<string>): string {
  let count = 1;
  while (taken.has(`${kind}${count}`)) {
    count += 1;
  }
  return `${kind}${count}`;
}

/** Keep a name if it is free, else count what is before its number. */
export function freshName(name: string, taken: ReadonlySet<string>): string {
  return taken.has(name) ? countedName(name.replace(/\d+$/, '') || name, taken) : name;
}

/** Keep a name if it is free, else put a number behind it. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  let count = 2;
  let free = name;
  while (taken.has(free)) {
    free = `${name}${count}`;
    count += 1;
  }
  return free;
}
