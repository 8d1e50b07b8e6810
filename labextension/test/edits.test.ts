import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addInput, addInputFor, addOutput, addTask, connect, connectRefusal, connectThrough, copyText,
  documentText, findProblems, group, groupRefusal, layout, MERGE_MS, nodeId, parseDocument, paste,
  placed, record, redo, removeNodes, setInput, startHistory, taskOf, undo, ungroup
} from '../src/model';
import type { Edge, WorkflowDocument } from '../src/model';
import { empty, frozen, lookup, votesText } from './support';

const edge = (source: string, port: string, target: string, input: string): Edge => ({
  source, port, target, input
});

function two(): WorkflowDocument {
  const one = addTask(empty(), lookup, 'ReadCSV').document;
  return frozen(addTask(one, lookup, 'Head').document);
}

test('tasks are named by kind and count, with the defaults of Python', () => {
  const made = addTask(two(), lookup, 'ReadCSV', [10.4, 20]);
  assert.equal(made.name, 'ReadCSV2');
  assert.equal(taskOf(made.document, 'ReadCSV2')!.parameters!.decimal, '.');
  assert.deepEqual(made.document.view, { tasks: { ReadCSV2: [10, 20] } });
});

test('what fits is connected, in the order in which Python writes edges', () => {
  const document = frozen(parseDocument(votesText));
  const edges = [...document.edges].reverse();
  const again = edges.reduce(
    (made, one) => connect(made, lookup, one), { ...document, edges: [] } as WorkflowDocument
  );
  const order = (one: Edge) => `${one.target} ${one.input}`;
  assert.deepEqual(again.edges.map(order), document.edges.map(order));
});

test('what does not fit is refused in words, with the converter', () => {
  const three = addTask(two(), lookup, 'EnsembleVote').document;
  const wrong = connectRefusal(three, lookup, edge('ReadCSV1', 'output', 'EnsembleVote1', 'votes'));
  assert.match(wrong!.text, /expected prediction \(probabilities and labels\), got table/);
  const full = parseDocument(votesText);
  const data = addTask(full, lookup, 'Head').document;
  const refusal = connectRefusal(data, lookup, edge('TableToDataset1', 'output', 'Head1', 'table'));
  assert.equal(refusal!.converter, 'DatasetToTable');
});

test('a converter is put between', () => {
  const document = addTask(parseDocument(votesText), lookup, 'Head').document;
  const wish = edge('TableToDataset1', 'output', 'Head1', 'table');
  const made = connectThrough(frozen(document), lookup, wish, 'DatasetToTable');
  assert.ok(made.edges.some(one => one.source === 'DatasetToTable1' && one.target === 'Head1'));
  assert.ok(made.edges.some(one => one.target === 'DatasetToTable1'));
});

test('a second writer, the task itself and a circle are refused', () => {
  const first = connect(two(), lookup, edge('ReadCSV1', 'output', 'Head1', 'table'));
  const third = addTask(first, lookup, 'Head').document;
  const chain = connect(third, lookup, edge('Head1', 'output', 'Head2', 'table'));
  const why = (one: Edge) => connectRefusal(chain, lookup, one)?.text ?? '';
  assert.match(why(edge('Head2', 'output', 'Head1', 'table')), /fed already/);
  assert.match(why(edge('Head1', 'output', 'Head1', 'table')), /cannot feed itself/);
  const open = { ...chain, edges: chain.edges.slice(1) };
  const circle = connectRefusal(open, lookup, edge('Head2', 'output', 'Head1', 'table'));
  assert.match(circle!.text, /wait for each other: Head1 -> Head2 -> Head1/);
});

test('a removed task takes its edges and outputs along', () => {
  const made = removeNodes(frozen(parseDocument(votesText)), [{ side: 'tasks', name: 'first' }]);
  assert.ok(!documentText(made).includes('"first"'));
  assert.equal(made.outputs.length, 1);
});

test('inputs and outputs of the workflow', () => {
  const fed = addInputFor(two(), lookup, 'Head1', 'table').document;
  assert.deepEqual(fed.edges, [edge('', 'table', 'Head1', 'table')]);
  const given = addOutput(fed, lookup, 'Head1', 'output');
  assert.deepEqual(given.document.outputs, [{ name: 'output', task: 'Head1', port: 'output' }]);
  const set = setInput(fed, 'table', { default: 'a.csv', type: 'file' });
  assert.deepEqual(Object.keys(set.inputs[0]), ['name', 'type', 'default']);
  const unset = setInput(set, 'table', { default: undefined });
  assert.deepEqual(unset.inputs, [{ name: 'table', type: 'file' }]);
  assert.equal(addInput(fed, 'table').name, 'table2');
});

test('pasted tasks have fresh names and the edges among them', () => {
  const document = parseDocument(votesText);
  const text = copyText(document, ['TableToDataset1', 'first']);
  const made = paste(frozen(document), lookup, text)!;
  assert.deepEqual(made.names, ['TableToDataset2', 'first1']);
  assert.ok(made.document.edges.some(one => one.source === 'TableToDataset2' && one.target === 'first1'));
  assert.equal(made.document.edges.length, document.edges.length + 1);
  assert.ok(documentText(made.document).includes('"weight_decay": 0.0'));
  assert.equal(paste(document, lookup, 'plain text'), null);
  assert.equal(paste(document, lookup, '{"format": "dlaaw-nb/clip", "tasks": [{}], "edges": []}'), null);
});

test('a group has an end for each cut edge, and comes apart again', () => {
  const document = frozen(parseDocument(votesText));
  const names = ['first', 'second', 'EnsembleVote1'];
  const made = group(document, lookup, names);
  const task = taskOf(made.document, 'Group1')!;
  assert.deepEqual(lookup.ports(task).inputs.map(port => [port.name, port.type]), [['dataset', 'dataset']]);
  assert.equal(task.workflow!.outputs.length, 2);
  assert.deepEqual(findProblems(made.document, lookup), []);
  const apart = ungroup(made.document, lookup, 'Group1').document;
  assert.deepEqual(new Set(apart.edges.map(one => JSON.stringify(one))), new Set(document.edges.map(one => JSON.stringify(one))));
  assert.deepEqual(apart.outputs, document.outputs);
  assert.match(groupRefusal(document, ['ReadCSV1', 'first'])!, /lies between/);
});

test('problems name the place and the mend', () => {
  const problems = findProblems(two(), lookup);
  const text = problems.map(one => `${one.task} ${one.port}: ${one.text}`);
  assert.ok(text.includes('Head1 table: nothing feeds Head1.table.'));
  assert.ok(problems.every(one => one.mend));
  assert.deepEqual(findProblems(parseDocument(votesText), lookup), []);
});

test('undo and redo give the documents back; quick edits at one place are one', () => {
  let history = startHistory('a');
  history = record(history, 'b', 'field', 0);
  history = record(history, 'c', 'field', MERGE_MS - 1);
  history = record(history, 'd', 'field', MERGE_MS * 3);
  history = undo(history);
  assert.equal(history.present, 'c');
  history = undo(history);
  assert.equal(history.present, 'a');
  assert.equal(undo(history), history);
  assert.equal(redo(redo(history)).present, 'd');
  assert.deepEqual(record(history, 'e').future, []);
});

test('nothing overlaps after the layout, and edges go to the right', () => {
  const document = parseDocument(votesText);
  const size = () => ({ width: 200, height: 100 });
  const places = layout(document, size);
  const boxes = [...places.values()];
  boxes.forEach(([x, y], at) =>
    boxes.slice(at + 1).forEach(([left, top]) =>
      assert.ok(Math.abs(x - left) >= 200 || Math.abs(y - top) >= 100)
    )
  );
  for (const { source, target } of document.edges.filter(one => one.source !== '')) {
    assert.ok(places.get(nodeId('tasks', source))![0] < places.get(nodeId('tasks', target))![0]);
  }
});

test('a layout of a circle ends, and a new node does not cover a placed one', () => {
  const chain = addTask(two(), lookup, 'Head').document;
  const round = {
    ...chain, edges: [edge('Head1', 'output', 'Head2', 'table'), edge('Head2', 'output', 'Head1', 'table')]
  };
  assert.equal(layout(round, () => ({ width: 9, height: 9 })).size, 3);
  const some = { ...round, view: { tasks: { Head1: [0, 0] as [number, number], ReadCSV1: [99, 0] as [number, number] } } };
  const places = placed(some, () => ({ width: 9, height: 9 }));
  assert.deepEqual(places.get('tasks:Head1'), [0, 0]);
  assert.notDeepEqual(places.get('tasks:Head2'), [99, 0]);
});
