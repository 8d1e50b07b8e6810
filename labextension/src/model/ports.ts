/** Which output fits which input, and in what words it is refused. */

import type { Lookup } from './catalogue';
import type { PortInfo, Shape } from './types';

/** Say why an input does not take an output; null when they fit. */
export function portRefusal(lookup: Lookup, taken: PortInfo, given: PortInfo): string | null {
  return typeRefusal(lookup, taken.type, given.type) ?? shapeRefusal(taken.shape, given.shape);
}

/** Say why an input of a type does not take an output of another; null when it does. */
export function typeRefusal(lookup: Lookup, wanted: string, given: string): string | null {
  if (wanted === 'any' || given === 'any' || lookup.widened(given).includes(wanted)) {
    return null;
  }
  return `expected ${typeText(lookup, wanted)}, got ${typeText(lookup, given)}`;
}

/** Name a type with what it is. */
export function typeText(lookup: Lookup, name: string): string {
  const text = lookup.types.get(name)?.description;
  return text ? `${name} (${text})` : name;
}

/** Name the converter for an output and an input that do not fit; undefined without one. */
export function offer(lookup: Lookup, given: string, wanted: string): string | undefined {
  for (const name of lookup.widened(given)) {
    const kind = lookup.converter(name, wanted);
    if (kind !== undefined && lookup.kinds.has(kind)) {
      return kind;
    }
  }
  return undefined;
}

function shapeRefusal(wanted: Shape | undefined, given: Shape | undefined): string | null {
  if (!wanted || !given) {
    return null;
  }
  const fits =
    wanted.length === given.length &&
    wanted.every((ours, axis) => ours === null || given[axis] === null || ours === given[axis]);
  return fits ? null : `expected shape ${shapeText(wanted)}, got ${shapeText(given)}`;
}

/** Write a shape for a message. */
export function shapeText(shape: (number | null)[]): string {
  return `(${shape.map(length => (length === null ? 'any' : String(length))).join(', ')})`;
}
