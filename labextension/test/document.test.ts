import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  documentText, DocumentError, emptyDocument, moved, numberText, parseDocument, rename,
  setParameter, setValue
} from '../src/model';
import { lookup, nestedText, valuesText, votesText } from './support';

for (const [name, text] of Object.entries({ nestedText, valuesText, votesText })) {
  test(`a file that Python saved keeps its text: ${name}`, () => {
    assert.equal(documentText(parseDocument(text)), text);
  });
}

test('an edit changes nothing else in the text', () => {
  const made = setParameter(parseDocument(votesText), lookup, 'ReadCSV1', 'decimal', ',');
  assert.equal(documentText(made), votesText.replace('"decimal": "."', '"decimal": ","'));
});

test('numbers beside an edited one keep their text', () => {
  const made = setValue(parseDocument(valuesText), lookup, 'scale1', 'factor', 4);
  assert.equal(documentText(made), valuesText.replace('"factor": 2', '"factor": 4.0'));
});

test('a renamed task is renamed where it is named, and nowhere else', () => {
  const made = rename(parseDocument(votesText), { side: 'tasks', name: 'first' }, 'Erste');
  assert.equal(documentText(made), votesText.replaceAll('"first"', '"Erste"'));
});

test('the view comes last, rounded, and knows only what is there', () => {
  const place = (name: string, x: number) => [{ side: 'tasks', name } as const, [x, -0.2]] as const;
  const made = moved(parseDocument(votesText), [
    [...place('second', 10.6)], [...place('ReadCSV1', 1)], [...place('gone', 1)]
  ] as never);
  const view = ' "view": {\n  "tasks": {\n   "ReadCSV1": [1, 0],\n   "second": [11, 0]\n  }\n }\n}\n';
  assert.ok(documentText(made).endsWith(view));
  assert.equal(documentText(parseDocument(documentText(made))), documentText(made));
});

const FAULTS: [string, string, RegExp][] = [
  ['truncated', votesText.slice(0, 500), /cut off/],
  ['truncated', '', /too early/],
  ['no json', 'name = 3', /line 1, column 1/],
  ['no json', '{"a": 1, "a": 2}', /twice/],
  ['no json', '{"a": NaN}', /expected a value/],
  ['no json', '{"a": 1e999}', /finite/],
  ['no json', `${'['.repeat(100)}${']'.repeat(100)}`, /64 levels/],
  ['foreign', '[]', /expected a JSON object/],
  ['foreign', '{"format": "dlaaw-nb/model", "version": 1}', /Model\.load/],
  ['newer', '{"format": "dlaaw-nb/workflow", "version": 7}', /pip install -U/],
  ['wrong', documentText(emptyDocument()).replace('[]', '{}'), /inputs: expected a list/],
  ['wrong', votesText.replace('"name": "second"', '"name": "first"'), /two tasks/],
  ['wrong', votesText.replace('"kind": "ReadCSV"', '"kind": 3'), /tasks\[0\]\.kind/]
];
for (const [kind, text, reason] of FAULTS) {
  test(`a file that is ${kind} is refused with the reason ${reason}`, () => {
    assert.throws(
      () => parseDocument(text),
      (error: unknown) =>
        error instanceof DocumentError && error.kind === kind && reason.test(error.message)
    );
  });
}

test('100,000 tasks are refused, not drawn', () => {
  const tasks = Array.from({ length: 100_000 }, (_, at) => ({ name: `t${at}`, kind: 'Head' }));
  const text = documentText({ ...emptyDocument(), tasks });
  assert.throws(() => parseDocument(text), /too many to draw/);
});

test('numbers are written as Python writes them', () => {
  const cases: [number, string][] = [
    [0, '0'], [12, '12'], [0.1, '0.1'], [1e-5, '1e-05'], [0.0001, '0.0001'], [1.5e300, '1.5e+300'],
    [1e22, '1e+22'], [-2.5, '-2.5'], [123456789012345680, '1.2345678901234568e+17']
  ];
  cases.forEach(([value, text]) => assert.equal(numberText(value), text));
});
