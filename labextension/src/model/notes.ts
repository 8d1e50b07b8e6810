/**
 * Notes beside objects and lists about what JavaScript cannot hold of their JSON text.
 *
 * It has one type of number and sorts some keys: `1.0` would become `1`, and `{"b": 0, "1": 0}`
 * change its order. `carry` hands the notes on to the changed copy of an object.
 */

export interface Notes {
  /** Text of the numbers by key, where JavaScript would write another one. */
  numbers?: Map<string, string>;
  /** Keys in their order, where JavaScript has another one. */
  order?: string[];
}

export const notes = new WeakMap<object, Notes>();

/** Say how a text must write a number of a changed object: `1.0` where a float is meant. */
export function noteNumber(owner: object, key: string, text: string): void {
  const own = notes.get(owner) ?? {};
  own.numbers = new Map(own.numbers).set(key, text);
  notes.set(owner, own);
}

/** Make a changed copy of an object that keeps the notes of what did not change. */
export function changed<T extends object>(old: T, changes: Partial<T>): T {
  return carry(old, { ...old, ...changes });
}

/** Make a copy of an object without some of its keys. */
export function without<T extends object>(old: T, ...keys: string[]): T {
  const rest = Object.fromEntries(Object.entries(old).filter(([key]) => !keys.includes(key)));
  return carry(old, rest as T);
}

/** Hand the notes about an object or list on to a changed copy of it. */
export function carry<T extends object>(old: object, made: T): T {
  const own = notes.get(old);
  if (own === undefined) {
    return made;
  }
  const before = old as Record<string, unknown>;
  const after = made as Record<string, unknown>;
  const numbers = new Map(
    [...(own.numbers ?? [])].filter(([key]) => before[key] === after[key])
  );
  notes.set(made, { numbers: numbers.size > 0 ? numbers : undefined, order: own.order });
  return made;
}

/** Give the keys of an object in the order of its text. */
export function keysOf(value: object): string[] {
  const order = notes.get(value)?.order;
  if (order === undefined) {
    return Object.keys(value);
  }
  const known = new Set(order);
  const has = (key: string) => Object.prototype.hasOwnProperty.call(value, key);
  return [...order.filter(has), ...Object.keys(value).filter(key => !known.has(key))];
}
