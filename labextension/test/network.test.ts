import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addLayer, addNetwork, addOutput, addTask, documentText, findProblems, fitWidths, layersOf, Lookup, moveLayer,
  parseDocument, removeLayer, setLayer, setNetwork, taskOf
} from '../src/model';
import type { WorkflowDocument } from '../src/model';
import { empty, frozen, lookup, votesText } from './support';

const widths = (document: WorkflowDocument, task: string) =>
  layersOf(document, task)!.map(layer => [layer.id, layer.in_features, layer.out_features]);

test('a layer on the empty canvas makes a network, and others join its chain', () => {
  const made = addNetwork(empty(), lookup, 'Linear', [0, 0]);
  let document = addLayer(frozen(made.document), lookup, made.name, 'Sigmoid').document;
  document = addLayer(frozen(document), lookup, made.name, 'Linear', 1).document;
  const [first, second, third] = widths(document, made.name);
  assert.deepEqual([first[0], second[0], third[0]], ['Linear1', 'Linear2', 'Sigmoid1']);
  assert.equal(second[1], first[2]);
  assert.equal(third[2], second[2]);
});

test('widths follow along the chain', () => {
  const document = frozen(parseDocument(votesText));
  const made = setLayer(document, lookup, 'first', 'Linear1', 'out_features', 5);
  assert.deepEqual(widths(made, 'first').map(row => row.slice(1)), [
    [16, 5], [5, 5], [5, 5], [5, 1], [1, 1]
  ]);
  assert.deepEqual(
    lookup.ports(taskOf(made, 'first')!).outputs.find(port => port.name === 'ReLU1')!.shape,
    [null, 5]
  );
});

test('a setting of a layer changes its text only', () => {
  const made = setLayer(parseDocument(votesText), lookup, 'first', 'Dropout1', 'rate', 0);
  assert.equal(documentText(made), votesText.replace('"rate": 0.25', '"rate": 0.0'));
  const epochs = setNetwork(parseDocument(votesText), 'first', ['training', 'epochs'], 20);
  assert.equal(documentText(epochs), votesText.replace('"epochs": 1000', '"epochs": 20'));
});

test('a removed layer leaves the rest joined, and takes what it gave along', () => {
  const given = addOutput(parseDocument(votesText), lookup, 'first', 'Linear1').document;
  const made = removeLayer(frozen(given), lookup, 'first', 'Linear1');
  assert.deepEqual(widths(made, 'first').map(row => row[0]), [
    'ReLU1', 'Dropout1', 'Linear1', 'Sigmoid1'
  ]);
  assert.equal(made.outputs.length, 2);
  assert.deepEqual(findProblems(made, lookup), []);
});

test('layers are named by kind and place, and what they give follows', () => {
  const document = frozen(addOutput(parseDocument(votesText), lookup, 'first', 'Linear2').document);
  const ids = (made: WorkflowDocument) => widths(made, 'first').map(row => row[0]);
  const port = (made: WorkflowDocument) => made.outputs[made.outputs.length - 1].port;
  const moved = moveLayer(document, lookup, 'first', 'Linear2', 0);
  assert.deepEqual(ids(moved), ['Linear1', 'Linear2', 'ReLU1', 'Dropout1', 'Sigmoid1']);
  assert.equal(port(moved), 'Linear1');
  assert.deepEqual(findProblems(moved, lookup), []);
  const added = addLayer(document, lookup, 'first', 'Linear', 1);
  assert.equal(added.name, 'Linear2');
  assert.deepEqual(ids(added.document).slice(0, 2), ['Linear1', 'Linear2']);
  assert.equal(port(added.document), 'Linear3');
  const removed = removeLayer(document, lookup, 'first', 'Linear1');
  assert.deepEqual(ids(removed), ['ReLU1', 'Dropout1', 'Linear1', 'Sigmoid1']);
  assert.equal(port(removed), 'Linear1');
});

test('a mismatch of widths is found with the mend, and mended', () => {
  const text = votesText.replace(
    '"id": "Linear2", "kind": "Linear", "in_features": 8', '"id": "Linear2", "kind": "Linear", "in_features": 9'
  );
  const document = frozen(parseDocument(text));
  const [problem] = findProblems(document, lookup);
  assert.equal(problem.port, 'Linear2');
  assert.match(problem.text, /Linear2 takes 9 columns, but Dropout1 gives 8/);
  assert.match(problem.mend!, /Set in_features of Linear2 to 8/);
  assert.equal(documentText(fitWidths(document, lookup, 'first')), votesText);
});

test('every layer whose width is wrong is marked, the first by the columns of its data', () => {
  let document = addNetwork(empty(), lookup, 'Linear').document;
  const [{ name }] = document.tasks;
  document = addLayer(addLayer(document, lookup, name, 'Linear').document, lookup, name, 'Linear').document;
  const text = documentText(document).replaceAll('"in_features": 8', '"in_features": 9');
  const told = new Lookup(lookup.catalogue, { ports: {}, columns: { [name]: 4 } });
  const wrong = findProblems(parseDocument(text), told).filter(one => one.port !== 'dataset');
  assert.deepEqual(wrong.map(one => one.port), ['Linear1', 'Linear2', 'Linear3']);
  assert.match(wrong[0].text, /Linear1 takes 16 columns, but its data have 4/);
  const fitted = fitWidths(parseDocument(text), told, name);
  assert.deepEqual(widths(fitted, name)[0].slice(1), [4, 8]);
  assert.deepEqual(findProblems(fitted, told).map(one => one.port), ['dataset']);
});

test('ports that the kernel tells count where they follow from parameters', () => {
  const document = addTask(empty(), lookup, 'Script').document;
  const ports = {
    inputs: [{ name: 'rows', type: 'file' }], outputs: [{ name: 'plot', type: 'file' }]
  };
  const told = new Lookup(lookup.catalogue, { ports: { Script1: ports, toString: ports }, columns: {} });
  assert.deepEqual(told.ports(document.tasks[0]), ports);
  assert.notDeepEqual(lookup.ports(document.tasks[0]), ports);
});
