import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  amend, documentText, parseDocument, record, redo, sameButCode, startHistory, undo, withCode
} from '../src/model';
import { frozen, votesText } from './support';

const LINES = ['def f(x: int) -> int:', '    return x'];

test('code is written after the outputs and before the places, and taken away again', () => {
  const document = frozen(parseDocument(votesText));
  const coded = withCode(document, LINES);
  const keys = [...documentText(coded).matchAll(/^ "(\w+)":/gm)].map(match => match[1]);
  assert.ok(keys.indexOf('code') > keys.indexOf('outputs'));
  assert.ok(!keys.includes('view') || keys.indexOf('code') < keys.indexOf('view'));
  assert.equal(documentText(parseDocument(documentText(coded))), documentText(coded));
  assert.equal(documentText(withCode(coded, [])), documentText(document));
  assert.equal(withCode(coded, [...LINES]), coded);
  assert.ok(sameButCode(parseDocument(documentText(coded)), document));
  assert.ok(!sameButCode({ ...coded, name: 'other' }, document));
});

test('code that the kernel wrote is no step of undo', () => {
  let history = record(startHistory('empty'), 'task');
  history = amend(history, 'task with code');
  assert.equal(undo(history).present, 'empty');
  assert.equal(redo(undo(history)).present, 'task with code');
});
