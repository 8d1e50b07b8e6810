/** The inputs and outputs of a task in its form: what feeds them, and what they feed. */

import { connectRefusal, disconnect } from '../model/connect';
import { setValue } from '../model/edits';
import { addInputFor, addOutput } from '../model/ends';
import { jsonText } from '../model/json';
import { typeText } from '../model/ports';
import type { Edge, PortInfo, TaskEntry, WorkflowDocument } from '../model/types';
import { useActions } from './context';
import { Field, readJson, TextField } from './fields';

interface Shared {
  document: WorkflowDocument;
  task: TaskEntry;
  readOnly: boolean;
}

export function InputRow({ port, document, task, readOnly }: Shared & { port: PortInfo }): React.JSX.Element {
  const actions = useActions();
  const { lookup } = actions;
  const fed = document.edges.filter(edge => edge.target === task.name && edge.input === port.name);
  const value = task.values?.[port.name];
  const needed = port.required === false ? '' : ' *';
  const open = !readOnly && (fed.length === 0 || port.many === true) && value === undefined;
  return (
    <div className="dlaaw-end-row">
      {fed.map(edge => (
        <p key={`${edge.source} ${edge.port}`} className="dlaaw-fed">
          <span><b>{port.name}</b> from {edge.source === '' ? `input ${edge.port}` : `${edge.source}.${edge.port}`}</span>
          {!readOnly && (
            <button
              type="button" className="dlaaw-button dlaaw-small"
              aria-label={`Take the edge from ${edge.source || edge.port} to ${port.name} away`}
              onClick={() => actions.edit(now => disconnect(now, [edge]))}
            >
              Remove
            </button>
          )}
        </p>
      ))}
      {open && (
        <Field label={`${port.name}${needed}`} help={typeText(lookup, port.type)}>
          {({ id, describedBy }) => (
            <select
              id={id} aria-describedby={describedBy} value="" className="dlaaw-connect"
              onChange={event => feed(actions, task, port, event.target.value)}
            >
              <option value="">Choose what feeds it</option>
              <Sources document={document} task={task} port={port} />
              <option value="new">A new input of the workflow</option>
            </select>
          )}
        </Field>
      )}
      {fed.length === 0 && (value !== undefined || (!readOnly && takesText(port.type))) && (
        <TextField
          label={value === undefined ? `${port.name}: or a value` : `${port.name}${needed}`}
          disabled={readOnly} placeholder='JSON: 3, "text", [1, 2]'
          value={value === undefined ? '' : jsonText(value)}
          refuse={text => (text.trim() === '' ? null : readJson(text).error ?? null)}
          onChange={text =>
            actions.edit(
              now => setValue(
                now, lookup, task.name, port.name,
                text.trim() === '' ? undefined : readJson(text).value
              ),
              `${task.name} value ${port.name}`
            )
          }
        />
      )}
    </div>
  );
}

const PLAIN = ['any', 'int', 'float', 'str', 'bool', 'list', 'mapping', 'file', 'table', 'dataset'];

function takesText(type: string): boolean {
  return PLAIN.includes(type);
}

function feed(
  actions: ReturnType<typeof useActions>, task: TaskEntry, port: PortInfo, chosen: string
): void {
  if (chosen === 'new') {
    actions.edit(now => addInputFor(now, actions.lookup, task.name, port.name).document);
  } else if (chosen !== '') {
    const [source, output] = JSON.parse(chosen) as [string, string];
    actions.connect({ source, port: output, target: task.name, input: port.name });
  }
}

/** What can feed an input: what fits first, then what fits through a converter. */
function Sources({ document, task, port }: Omit<Shared, 'readOnly'> & { port: PortInfo }): React.JSX.Element {
  const { lookup } = useActions();
  const sources = [
    ...document.inputs.map(input => ['', input.name]),
    ...document.tasks.flatMap(giver => lookup.ports(giver).outputs.map(one => [giver.name, one.name]))
  ];
  const checked = sources.map(([source, output]) => {
    const edge = { source, port: output, target: task.name, input: port.name };
    return { edge, refusal: connectRefusal(document, lookup, edge) };
  });
  const fits = checked.filter(({ refusal }) => refusal === null);
  const through = checked.filter(({ refusal }) => refusal?.converter !== undefined);
  return (
    <>
      {fits.map(({ edge }) => <Source key={`${edge.source} ${edge.port}`} edge={edge} />)}
      {through.map(({ edge, refusal }) => (
        <Source key={`${edge.source} ${edge.port}`} edge={edge} through={refusal!.converter} />
      ))}
    </>
  );
}

function Source({ edge, through }: { edge: Edge; through?: string }): React.JSX.Element {
  const name = edge.source === '' ? `input ${edge.port}` : `${edge.source}.${edge.port}`;
  return (
    <option value={JSON.stringify([edge.source, edge.port])}>
      {through ? `${name} (needs ${through})` : name}
    </option>
  );
}

export function OutputRow({ port, document, task, readOnly }: Shared & { port: PortInfo }): React.JSX.Element {
  const actions = useActions();
  const { lookup } = actions;
  const targets = document.tasks.flatMap(taker =>
    lookup.ports(taker).inputs.map(input => ({
      source: task.name, port: port.name, target: taker.name, input: input.name
    }))
  );
  const checked = targets.map(edge => ({ edge, refusal: connectRefusal(document, lookup, edge) }));
  const given = document.outputs.some(one => one.task === task.name && one.port === port.name);
  return (
    <div className="dlaaw-end-row">
      <Field label={port.name} help={`${typeText(lookup, port.type)}${given ? '; an output of the workflow' : ''}`}>
        {({ id, describedBy }) => (
          <select
            id={id} aria-describedby={describedBy} disabled={readOnly} value="" className="dlaaw-connect"
            onChange={event => {
              if (event.target.value === 'new') {
                actions.edit(now => addOutput(now, lookup, task.name, port.name).document);
              } else if (event.target.value !== '') {
                const [target, input] = JSON.parse(event.target.value) as [string, string];
                actions.connect({ source: task.name, port: port.name, target, input });
              }
            }}
          >
            <option value="">Connect to</option>
            {!given && <option value="new">A new output of the workflow</option>}
            {checked
              .filter(({ refusal }) => refusal === null || refusal.converter !== undefined)
              .sort((one, other) => Number(one.refusal !== null) - Number(other.refusal !== null))
              .map(({ edge, refusal }) => (
                <option key={`${edge.target} ${edge.input}`} value={JSON.stringify([edge.target, edge.input])}>
                  {`${edge.target}.${edge.input}${refusal ? ` (needs ${refusal.converter})` : ''}`}
                </option>
              ))}
          </select>
        )}
      </Field>
    </div>
  );
}
