import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addInput, addTask, documentText, inside, knownWay, parseDocument, policyOf, removeNodes, rename,
  setPolicy, taskOf, withInside
} from '../src/model';
import type { WorkflowDocument } from '../src/model';
import { empty, frozen, lookup, nestedText } from './support';

const WAY = ['Group1'];
const outer = (): WorkflowDocument => frozen(parseDocument(nestedText));

function edited(change: (inner: WorkflowDocument) => WorkflowDocument): WorkflowDocument {
  const document = outer();
  return withInside(document, WAY, change(inside(document, WAY)));
}

test('a workflow inside is edited in its place, and its text is that of Python', () => {
  const document = outer();
  assert.deepEqual(knownWay(document, ['Group1', 'gone']), WAY);
  assert.equal(inside(document, WAY), inside(document, WAY));
  assert.deepEqual(inside(document, WAY).tasks.map(task => task.name), ['Head1']);
  const made = edited(inner => addTask(inner, lookup, 'Head').document);
  assert.deepEqual(taskOf(made, 'Group1')!.workflow!.tasks.map(task => task.name), ['Head1', 'Head2']);
  assert.equal('format' in taskOf(made, 'Group1')!.workflow!, false);
  const back = withInside(made, WAY, removeNodes(inside(made, WAY), [{ side: 'tasks', name: 'Head2' }]));
  assert.equal(documentText(back), documentText(document));
  assert.equal(withInside(document, WAY, inside(document, WAY)), document);
});

test('ports of the task around follow what is edited inside', () => {
  const renamed = edited(inner => rename(inner, { side: 'inputs', name: 'table' }, 'rows'));
  assert.equal(renamed.edges.find(edge => edge.target === 'Group1')!.input, 'rows');
  const given = edited(inner => rename(inner, { side: 'outputs', name: 'rows' }, 'first'));
  assert.deepEqual(given.outputs, [{ name: 'rows', task: 'Group1', port: 'first' }]);
  const gone = edited(inner => removeNodes(inner, [{ side: 'inputs', name: 'table' }]));
  assert.equal(gone.edges.some(edge => edge.target === 'Group1'), false);
  assert.equal(gone.edges.length, outer().edges.length - 1);
  const more = edited(inner => addInput(inner, 'more').document);
  assert.deepEqual(lookup.ports(taskOf(more, 'Group1')!).inputs.map(port => port.name), ['table', 'more']);
  assert.equal(more.edges.length, outer().edges.length);
});

test('a policy says what is not as usual, and nothing when it is again', () => {
  const before = frozen(addTask(empty(), lookup, 'Head').document);
  const twice = setPolicy(before, lookup, 'Head1', 'retries', 2);
  assert.deepEqual(taskOf(twice, 'Head1')!.policy, { retries: 2 });
  const timed = setPolicy(twice, lookup, 'Head1', 'timeout_s', 3);
  assert.match(documentText(timed), /"policy": \{"retries": 2, "timeout_s": 3\.0\}/);
  const plain = setPolicy(setPolicy(timed, lookup, 'Head1', 'retries', 0), lookup, 'Head1', 'timeout_s', null);
  assert.equal(documentText(plain), documentText(before));
});

test('what is not reused by itself stays so when it is given tries', () => {
  const call = addTask(empty(), lookup, 'HTTPCall').document;
  assert.equal(policyOf(lookup, taskOf(call, 'HTTPCall1')!).cached, false);
  const made = setPolicy(call, lookup, 'HTTPCall1', 'retries', 1);
  assert.deepEqual(taskOf(made, 'HTTPCall1')!.policy, { retries: 1, cached: false });
});
