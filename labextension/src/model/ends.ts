/** The ends of a workflow: what it is given, and what it gives. */

import type { Lookup } from './catalogue';
import { connect, outputOf } from './connect';
import { moved } from './edits';
import type { Added } from './edits';
import { carry, changed, without } from './notes';
import { freeName } from './names';
import type { InputEntry, Point, WorkflowDocument } from './types';

/** Add an input; a name that is taken gets a number. */
export function addInput(document: WorkflowDocument, name = 'input', place?: Point): Added {
  const free = freeName(name, new Set(document.inputs.map(input => input.name)));
  const made = changed(document, { inputs: [...document.inputs, { name: free }] });
  return {
    document: place ? moved(made, [[{ side: 'inputs', name: free }, place]]) : made,
    name: free
  };
}

/** Add an input that feeds an input of a task. */
export function addInputFor(
  document: WorkflowDocument, lookup: Lookup, task: string, port: string, place?: Point
): Added {
  const added = addInput(document, port, place);
  const edge = { source: '', port: added.name, target: task, input: port };
  const made = connect(added.document, lookup, edge);
  return made === added.document ? { document, name: '' } : { document: made, name: added.name };
}

/** Change an input's type, default or description; undefined takes it away. */
export function setInput(
  document: WorkflowDocument, name: string, changes: Partial<Omit<InputEntry, 'name'>>
): WorkflowDocument {
  return changed(document, {
    inputs: document.inputs.map(input => {
      if (input.name !== name) {
        return input;
      }
      const made = changed<InputEntry>(input, changes);
      const gone = Object.keys(changes).filter(
        key => changes[key as keyof typeof changes] === undefined
      );
      return ordered(without<InputEntry>(made, ...gone));
    })
  });
}

/** Give the members in the order in which Python writes them. */
function ordered(input: InputEntry): InputEntry {
  const { name, type, default: given, description } = input;
  return carry(input, {
    name,
    ...(type === undefined ? {} : { type }),
    ...(given === undefined ? {} : { default: given }),
    ...(description === undefined || description === '' ? {} : { description })
  });
}

/** Make an output of a task an output of the workflow. */
export function addOutput(
  document: WorkflowDocument, lookup: Lookup, task: string, port: string, place?: Point
): Added {
  if (outputOf(document, lookup, task, port) === undefined) {
    return { document, name: '' };
  }
  const name = freeName(port, new Set(document.outputs.map(output => output.name)));
  const made = changed(document, { outputs: [...document.outputs, { name, task, port }] });
  return {
    document: place ? moved(made, [[{ side: 'outputs', name }, place]]) : made,
    name
  };
}

/** Let another output of a task feed an output of the workflow. */
export function setOutput(
  document: WorkflowDocument, lookup: Lookup, name: string, task: string, port: string
): WorkflowDocument {
  if (outputOf(document, lookup, task, port) === undefined) {
    return document;
  }
  return changed(document, {
    outputs: document.outputs.map(output =>
      output.name === name ? { ...output, task, port } : output
    )
  });
}
