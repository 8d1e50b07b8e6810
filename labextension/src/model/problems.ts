/** What is wrong with a document, as far as it can be known without a kernel. */

import { isNetwork, networkOf } from './catalogue';
import type { Lookup } from './catalogue';
import { edgeText, outputOf } from './connect';
import { chainOf } from './network';
import { portRefusal } from './ports';
import type { Problem, TaskEntry, WorkflowDocument } from './types';

/** Find the problems, in the order of the tasks. */
export function findProblems(document: WorkflowDocument, lookup: Lookup): Problem[] {
  const fed = new Set(document.edges.map(edge => `${edge.target}\n${edge.input}`));
  const edges = new Map<string, Problem[]>();
  for (const problem of edgeProblems(document, lookup)) {
    edges.set(problem.task, [...(edges.get(problem.task) ?? []), problem]);
  }
  const circle = circleOf(document);
  return document.tasks.flatMap(task => [
    ...kindProblems(task, lookup),
    ...inputProblems(task, lookup, fed),
    ...parameterProblems(task, lookup),
    ...(isNetwork(task) ? layerProblems(task, lookup) : []),
    ...(edges.get(task.name) ?? []),
    ...(circle.has(task.name)
      ? [{
          task: task.name,
          text: 'it waits for itself: its inputs come, over other tasks, from its own outputs.',
          mend: 'Take one of the edges of the circle away.'
        }]
      : [])
  ]);
}

function kindProblems(task: TaskEntry, lookup: Lookup): Problem[] {
  return lookup.knows(task)
    ? []
    : [{
        task: task.name,
        text: `"${task.kind}": no ready task has that name.`,
        mend: 'Install the package that brings it, or take the task away.'
      }];
}

function inputProblems(task: TaskEntry, lookup: Lookup, fed: Set<string>): Problem[] {
  return lookup
    .ports(task)
    .inputs.filter(
      port =>
        port.required !== false &&
        !fed.has(`${task.name}\n${port.name}`) &&
        !(task.values !== undefined && port.name in task.values)
    )
    .map(port => ({
      task: task.name,
      port: port.name,
      text: `nothing feeds ${task.name}.${port.name}.`,
      mend: `Connect an output of type ${port.type} to it.`
    }));
}

function parameterProblems(task: TaskEntry, lookup: Lookup): Problem[] {
  if (task.ports !== undefined || task.workflow !== undefined || task.task !== undefined) {
    return [];
  }
  const given = task.parameters ?? {};
  return (lookup.kinds.get(task.kind)?.parameters ?? [])
    .filter(info => info.required && given[info.name] === undefined)
    .map(info => ({
      task: task.name,
      text: `${info.name} has no value.`,
      mend: `Set ${info.name} in its properties.`
    }));
}

function layerProblems(task: TaskEntry, lookup: Lookup): Problem[] {
  const chain = chainOf(networkOf(task)!);
  if (chain.length === 0) {
    return [{
      task: task.name, text: 'it has no layer.', mend: 'Drag layers from the palette into it.'
    }];
  }
  return chain.flatMap((layer, place): Problem[] => {
    const before = chain[place - 1];
    const fed = place === 0 ? lookup.columns(task) : undefined;
    if (fed !== undefined && layer.in_features !== null && fed !== layer.in_features) {
      return [{
        task: task.name, port: layer.id,
        text: `${layer.id} takes ${layer.in_features} columns, but its data have ${fed}.`,
        mend: `Set in_features of ${layer.id} to ${fed}.`
      }];
    }
    if (!lookup.layers.has(layer.kind)) {
      return [{
        task: task.name, port: layer.id, text: `${layer.id}: "${layer.kind}" is no known layer.`,
        mend: 'Install the package that brings it, or take the layer away.'
      }];
    }
    if (before !== undefined && before.out_features !== layer.in_features) {
      return [{
        task: task.name, port: layer.id,
        text:
          `${layer.id} takes ${layer.in_features ?? 'any'} columns, but ${before.id} gives ` +
          `${before.out_features ?? 'any'}.`,
        mend: `Set in_features of ${layer.id} to ${before.out_features ?? 'the same'}.`
      }];
    }
    if (lookup.layers.get(layer.kind)!.width === 'same' && layer.in_features !== layer.out_features) {
      return [{
        task: task.name, port: layer.id,
        text:
          `${layer.id} gives as many columns as it takes, but says ${layer.in_features} and ` +
          `${layer.out_features}.`,
        mend: `Set out_features of ${layer.id} to ${layer.in_features}.`
      }];
    }
    return [];
  });
}

function* edgeProblems(document: WorkflowDocument, lookup: Lookup): Generator<Problem> {
  const tasks = new Map(document.tasks.map(task => [task.name, task]));
  for (const edge of document.edges) {
    const target = tasks.get(edge.target);
    if (target === undefined || !lookup.knows(target)) {
      continue;
    }
    const where = { task: edge.target, port: edge.input };
    const taken = lookup.ports(target).inputs.find(port => port.name === edge.input);
    const source = tasks.get(edge.source);
    if (taken === undefined) {
      yield { ...where, text: `${edgeText(edge)}: there is no such input.`, mend: 'Delete the edge.' };
    } else if (edge.source !== '' && (source === undefined || lookup.knows(source))) {
      const given = outputOf(document, lookup, edge.source, edge.port);
      const reason = given && portRefusal(lookup, taken, given);
      if (given === undefined) {
        yield { ...where, text: `${edgeText(edge)}: there is no such output.`, mend: 'Delete the edge.' };
      } else if (reason) {
        yield {
          ...where, text: `${edgeText(edge)}: ${reason}.`,
          mend: 'Change one of the two, or put a task between that converts.'
        };
      }
    }
  }
}

/** Find the tasks that wait for each other. */
function circleOf(document: WorkflowDocument): Set<string> {
  const left = new Set(document.tasks.map(task => task.name));
  const prune = (end: 'source' | 'target', other: 'source' | 'target') => {
    const counts = new Map<string, number>();
    const next = new Map<string, string[]>();
    for (const edge of document.edges) {
      if (left.has(edge.source) && left.has(edge.target)) {
        counts.set(edge[end], (counts.get(edge[end]) ?? 0) + 1);
        next.set(edge[other], [...(next.get(edge[other]) ?? []), edge[end]]);
      }
    }
    const open = [...left].filter(name => !counts.has(name));
    for (const name of open) {
      left.delete(name);
      for (const one of next.get(name) ?? []) {
        counts.set(one, counts.get(one)! - 1);
        if (counts.get(one) === 0) {
          open.push(one);
        }
      }
    }
  };
  prune('target', 'source');
  prune('source', 'target');
  return left;
}
