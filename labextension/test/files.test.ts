import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addFiles, addValue, fileRefusal, findProblems, readerOf, record, relativePath, startHistory, undo
} from '../src/model';
import { empty, frozen, lookup } from './support';

test('a file is read by what its name says', () => {
  const kinds = ['a.csv', 'a.CSV.gz', 'b/c.tsv', 'x.json', 'x.parquet', 'x.npy', 'x.arrow', 'x.txt'];
  assert.deepEqual(kinds.map(readerOf), [
    'ReadCSV', 'ReadCSV', 'ReadCSV', 'ReadJSON', 'ReadParquet', 'ReadArray', 'ReadTable', 'ReadText'
  ]);
  for (const kind of new Set(kinds.map(path => readerOf(path)!))) {
    assert.ok(lookup.kinds.has(kind), kind);
  }
  assert.deepEqual(['a.xlsx', 'csv', 'folder/', 'a.constructor'].map(readerOf), Array(4).fill(undefined));
  assert.match(fileRefusal('data/a.xlsx'), /^a\.xlsx: .*\.csv/);
});

test('paths are written as seen from the document', () => {
  assert.equal(relativePath('data/x.csv', 'flow.dlaaw'), 'data/x.csv');
  assert.equal(relativePath('data/x.csv', 'flows/deep/a.dlaaw'), '../../data/x.csv');
  assert.equal(relativePath('flows/x.csv', 'flows/a.dlaaw'), 'x.csv');
  assert.equal(relativePath('RTC:flows/x.csv', 'flows/a.dlaaw'), 'x.csv');
  assert.equal(relativePath('s3:bucket/x.csv', 'a.dlaaw'), null);
  assert.equal(relativePath('with:colon/x.csv', 'with:other/a.dlaaw'), '../colon/x.csv');
});

test('files become inputs with tasks that read them, in one edit', () => {
  const before = startHistory(frozen(empty()));
  const files = [
    { path: '../data/my file (1).csv', kind: 'ReadCSV' }, { path: '2024.json', kind: 'ReadModel' }
  ];
  const made = addFiles(before.present, lookup, files, [10, 20]);
  const { document } = made;
  assert.deepEqual(document.inputs, [
    { name: 'my_file_1', default: '../data/my file (1).csv' },
    { name: 'file_2024', default: '2024.json' }
  ]);
  assert.deepEqual(document.tasks.map(task => task.kind), ['ReadCSV', 'ReadModel']);
  assert.deepEqual(document.edges[0], {
    source: '', port: 'my_file_1', target: 'ReadCSV1', input: 'file'
  });
  assert.deepEqual(document.view!.inputs!.my_file_1, [10, 20]);
  assert.deepEqual(findProblems(document, lookup), []);
  assert.equal(made.nodes.length, 4);
  assert.equal(undo(record(before, document)).present, before.present);
});

test('a value becomes an input with its type', () => {
  const made = addValue(frozen(empty()), 'int', 'int', 3, [0, 0]);
  assert.deepEqual(made.document.inputs, [{ name: 'int', type: 'int', default: 3 }]);
});
