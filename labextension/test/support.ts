import { Lookup } from '../src/model';
import type { Catalogue, WorkflowDocument } from '../src/model';
import { emptyDocument } from '../src/model';
import built from '../src/catalogue.json';

export const lookup = new Lookup(built as unknown as Catalogue);

/** Text of a file that Python saved. */
export { default as votesText } from './fixtures/votes.dlaaw';
export { default as valuesText } from './fixtures/values.dlaaw';
export { default as nestedText } from './fixtures/outer.dlaaw';

export function empty(): WorkflowDocument {
  return emptyDocument('test');
}

/** Freeze a value to the bottom, so that an edit that changes it in place throws. */
export function frozen<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

