import { kindText } from '../model/catalogue';
import { connectRefusal, disconnect } from '../model/connect';
import { nameRefusal, rename, setParameter, setValue } from '../model/edits';
import { addInputFor, addOutput } from '../model/ends';
import { typeText } from '../model/ports';
import { ungroup, ungroupRefusal } from '../model/group';
import { bodyOf } from '../model/inside';
import { jsonText } from '../model/json';
import type {
  Edge, NodeStatus, PortInfo, Problem, TaskEntry, WorkflowDocument
} from '../model/types';
import { useActions } from './context';
import { plain } from './graph';
import { Field, ParameterField, readJson, TextField } from './fields';
import { PolicyForm } from './PolicyForm';
import { Badge } from './TaskNode';

interface Shared {
  document: WorkflowDocument;
  task: TaskEntry;
  readOnly: boolean;
}

interface Props extends Shared {
  problems: Problem[];
  status: NodeStatus | undefined;
  children?: React.ReactNode;
}

export function TaskForm(props: Props): React.JSX.Element {
  const { document, task, problems, status, readOnly, children } = props;
  const actions = useActions();
  const { lookup } = actions;
  const info = lookup.kinds.get(task.kind);
  const ref = { side: 'tasks', name: task.name } as const;
  const own = children ? [] : info?.parameters ?? [];
  const told = new Set(own.map(one => one.name));
  const more = children ? [] : Object.keys(task.parameters ?? {}).filter(name => !told.has(name));
  const { inputs, outputs } = lookup.ports(task);
  const set = (name: string, value: unknown) =>
    actions.edit(
      now => setParameter(now, lookup, task.name, name, value), `${task.name} parameter ${name}`
    );
  return (
    <>
      <h2>{kindText(task)}</h2>
      {info?.summary && <p className="dlaaw-help">{plain(info.summary)}</p>}
      {status && <p><Badge status={status} /></p>}
      {status?.error && <p className="dlaaw-code dlaaw-field-error">{status.error}</p>}
      <Problems problems={problems} />
      <TextField
        label="Name" late disabled={readOnly} value={task.name}
        refuse={name => nameRefusal(document, ref, name)}
        onChange={name => {
          actions.edit(now => rename(now, ref, name));
          actions.select([{ side: 'tasks', name }]);
        }}
      />
      {bodyOf(task) !== undefined && (
        <button
          type="button" className="dlaaw-button" title="Draw the workflow inside of it (Enter)"
          onClick={() => actions.open(task.name)}
        >
          Open
        </button>
      )}
      {task.workflow !== undefined && !readOnly && (
        <button
          type="button" className="dlaaw-button"
          onClick={() => {
            const reason = ungroupRefusal(document, task.name);
            if (reason) {
              actions.notify({ text: reason, alert: true });
              return;
            }
            const made = ungroup(document, lookup, task.name);
            actions.edit(() => made.document);
            actions.select(made.names.map(name => ({ side: 'tasks', name })));
          }}
        >
          Take it apart
        </button>
      )}
      {children}
      {own.length + more.length > 0 && <h3>Parameters</h3>}
      {own.map(one => (
        <ParameterField
          key={one.name} info={one} disabled={readOnly}
          value={task.parameters?.[one.name] ?? (one.required ? undefined : one.default)}
          onChange={value => set(one.name, value)}
        />
      ))}
      {more.map(name => (
        <ParameterField
          key={name} disabled={readOnly} value={task.parameters![name]}
          info={{ name, type: 'json', required: false, optional: false, text: '' }}
          onChange={value => set(name, value)}
        />
      ))}
      <PolicyForm task={task} readOnly={readOnly} />
      {inputs.length > 0 && <h3>Inputs</h3>}
      {inputs.map(port => (
        <InputRow key={port.name} port={port} document={document} task={task} readOnly={readOnly} />
      ))}
      {outputs.length > 0 && <h3>Outputs</h3>}
      {outputs.map(port => (
        <OutputRow key={port.name} port={port} document={document} task={task} readOnly={readOnly} />
      ))}
    </>
  );
}

export function Problems({ problems }: { problems: Problem[] }): React.JSX.Element | null {
  return problems.length === 0 ? null : (
    <ul className="dlaaw-problems" aria-label="Problems">
      {problems.map((problem, place) => (
        <li key={place}>
          {problem.text}
          {problem.mend && <span className="dlaaw-help">{problem.mend}</span>}
        </li>
      ))}
    </ul>
  );
}

function InputRow({ port, document, task, readOnly }: Shared & { port: PortInfo }): React.JSX.Element {
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

function OutputRow({ port, document, task, readOnly }: Shared & { port: PortInfo }): React.JSX.Element {
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
