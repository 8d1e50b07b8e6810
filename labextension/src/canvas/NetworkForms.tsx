import { networkOf } from '../model/catalogue';
import type { Lookup } from '../model/catalogue';
import { setParameter, taskOf } from '../model/edits';
import {
  chainOf, fitWidths, layerParameters, removeLayer, setLayer, setNetwork
} from '../model/network';
import { jsonText } from '../model/json';
import type { ParameterInfo, Problem, TaskEntry, WorkflowDocument } from '../model/types';
import { useActions } from './context';
import { shiftLayer } from './shift';
import { plain } from './graph';
import { ParameterField, SelectField, TextField } from './fields';
import { Icon } from './icons';
import { Problems } from './TaskForm';

interface Shared {
  document: WorkflowDocument;
  task: TaskEntry;
  readOnly: boolean;
}

const PARTS = ['loss', 'optimizer', 'schedule'];
const SETTINGS = ['training', 'preprocessing'];

/** How a network trains: its loss, optimizer, schedule and the rest of its specification. */
export function NetworkForm(props: Shared & { problems: Problem[] }): React.JSX.Element {
  const { task, problems, readOnly } = props;
  const actions = useActions();
  const spec = networkOf(task)!;
  const mode = task.parameters?.mode ?? 'train';
  const set = (path: string[], value: unknown) =>
    actions.edit(
      now => setNetwork(now, task.name, path, value), `${task.name} ${path.join(' ')}`
    );
  return (
    <>
      <h3>Network</h3>
      <FitButton task={task} problems={problems.filter(one => one.port)} readOnly={readOnly} />
      <TextField
        label="Title" disabled={readOnly} value={spec.name ?? ''}
        refuse={text => (text === '' ? 'Expected a name, got nothing.' : null)}
        onChange={text => set(['name'], text)}
      />
      <SelectField
        label="What it does" disabled={readOnly} value={String(mode)}
        help="Train: from a data set to a model. Predict: with a model that is given."
        options={['train', 'predict'].map(value => ({ value, label: value }))}
        onChange={value =>
          actions.edit(now => setParameter(now, actions.lookup, task.name, 'mode', value))
        }
      />
      {PARTS.map(part => (
        <Part key={part} part={part} spec={spec} readOnly={readOnly} set={set} />
      ))}
      {SETTINGS.map(group => (
        <Settings
          key={group} title={group} path={[group]} value={spec[group]} readOnly={readOnly}
          set={(name, value) => set([group, name], value)}
        />
      ))}
    </>
  );
}

function Part(props: {
  part: string; spec: Record<string, unknown>; readOnly: boolean;
  set: (path: string[], value: unknown) => void;
}): React.JSX.Element | null {
  const { lookup } = useActions();
  const { part, spec, readOnly, set } = props;
  const own = spec[part] as { kind?: unknown; parameters?: unknown } | undefined;
  if (typeof own?.kind !== 'string') {
    return null;
  }
  const known = lookup.catalogue.parts?.[part] ?? [];
  const kinds = [...new Set([...known.map(one => one.kind), own.kind])];
  return (
    <>
      <SelectField
        label={part} disabled={readOnly} value={own.kind}
        options={kinds.map(value => ({ value, label: value }))}
        onChange={kind => set([part], structuredClone(known.find(one => one.kind === kind)!.spec))}
      />
      <Settings
        path={[part, 'parameters']} value={own.parameters} readOnly={readOnly}
        set={(name, value) => set([part, 'parameters', name], value)}
      />
    </>
  );
}

/** Fields for plain values by name; each has the type of the value that it has now. */
function Settings(props: {
  title?: string; path: string[]; value: unknown; readOnly: boolean;
  set: (name: string, value: unknown) => void;
}): React.JSX.Element | null {
  const { title, path, value, readOnly, set } = props;
  const { lookup } = useActions();
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) {
    return null;
  }
  return (
    <>
      {title && <h3>{title}</h3>}
      {Object.entries(value).map(([name, one]) => (
        <ParameterField
          key={name} info={infoOf(lookup, [...path, name], one)} value={one} disabled={readOnly}
          onChange={next => set(name, next)}
        />
      ))}
    </>
  );
}

function infoOf(lookup: Lookup, path: string[], value: unknown): ParameterInfo {
  const place = ['network', ...path].join('.');
  const told = lookup.catalogue.hyperparameters?.find(one => one.path.join('.') === place);
  if (told !== undefined) {
    return told;
  }
  const name = path[path.length - 1];
  const shared = { name, required: false, optional: value === null, text: '' };
  const types = { boolean: 'bool', string: 'str', number: 'float' } as const;
  return { ...shared, type: types[typeof value as keyof typeof types] ?? 'json' };
}

/** One layer of a network. */
export function LayerForm(props: Shared & { id: string; problems: Problem[] }): React.JSX.Element {
  const { task, id, readOnly, problems } = props;
  const actions = useActions();
  const { lookup } = actions;
  const chain = chainOf(networkOf(task)!);
  const place = chain.findIndex(node => node.id === id);
  const layer = chain[place];
  if (layer === undefined) {
    return <p className="dlaaw-help">It is not here any more.</p>;
  }
  const info = lookup.layers.get(layer.kind);
  const own = problems.filter(problem => problem.port === id);
  const set = (name: string, value: unknown) =>
    actions.edit(
      now => setLayer(now, lookup, task.name, id, name, value), `${task.name} ${id} ${name}`
    );
  const width = (name: 'in_features' | 'out_features', text: string) => (
    <TextField
      label={name} numeric disabled={readOnly} help={text}
      value={layer[name] === null ? '' : jsonText(layer[name])}
      refuse={widthRefusal} onChange={typed => set(name, Number(typed))}
    />
  );
  const move = (step: number) => shiftLayer(actions, task.name, id, place + step);
  return (
    <>
      <h2>{layer.kind}</h2>
      <p className="dlaaw-help">{plain(info?.summary ?? '')}</p>
      <p className="dlaaw-help">
        Layer {place + 1} of {chain.length} in{' '}
        <button type="button" className="dlaaw-link" onClick={() => actions.select([{ side: 'tasks', name: task.name }])}>
          {task.name}
        </button>
      </p>
      <Problems problems={own} />
      <FitButton task={task} problems={own} readOnly={readOnly} />
      {actions.lookInto && (
        <button
          type="button" className="dlaaw-button"
          title="Its neurons and the source of its kernel, in the results"
          onClick={() => actions.lookInto?.(task.name, id)}
        >
          Look inside
        </button>
      )}
      <Told name="Name" value={id} text="By its kind and place, as in Python." />
      {place === 0
        ? width('in_features', 'Columns that the network takes.')
        : <Told name="in_features" value={layer.in_features} text={`Follows from ${chain[place - 1].id}.`} />}
      {info?.width === 'given'
        ? width('out_features', 'Columns that it puts out; the layers after it follow.')
        : <Told name="out_features" value={layer.out_features} text="As many as come in." />}
      {layerParameters(info).map(one => (
        <ParameterField
          key={one.name} info={one} disabled={readOnly}
          value={layer.parameters?.[one.name] ?? one.default} onChange={value => set(one.name, value)}
        />
      ))}
      {!readOnly && (
        <div className="dlaaw-buttons">
          <button type="button" className="dlaaw-button" disabled={place === 0} onClick={() => move(-1)}>
            <Icon name="up" /> Earlier
          </button>
          <button type="button" className="dlaaw-button" disabled={place === chain.length - 1} onClick={() => move(1)}>
            <Icon name="down" /> Later
          </button>
          <button
            type="button" className="dlaaw-button"
            onClick={() => {
              actions.edit(now => removeLayer(now, lookup, task.name, id));
              actions.select([{ side: 'tasks', name: task.name }]);
            }}
          >
            <Icon name="delete" /> Remove
          </button>
        </div>
      )}
    </>
  );
}

/** Mends the widths, where the problems of layers are about them. */
function FitButton(props: Omit<Shared, 'document'> & {
  problems: Problem[];
}): React.JSX.Element | null {
  const { task, problems, readOnly } = props;
  const actions = useActions();
  const fitted = taskOf(fitWidths(actions.document(), actions.lookup, task.name), task.name);
  const same = fitted !== undefined && jsonText(networkOf(fitted)) === jsonText(networkOf(task));
  return readOnly || problems.length === 0 || same ? null : (
    <button
      type="button" className="dlaaw-button"
      onClick={() => actions.edit(now => fitWidths(now, actions.lookup, task.name))}
    >
      Let the widths fit
    </button>
  );
}

function Told(props: { name: string; value: number | string | null; text: string }): React.JSX.Element {
  return (
    <p className="dlaaw-told">
      <b>{props.name}</b> {props.value ?? 'unknown'} <span className="dlaaw-help">{props.text}</span>
    </p>
  );
}

function widthRefusal(text: string): string | null {
  const width = Number(text);
  return /^\d+$/.test(text.trim()) && width >= 1 && width <= 2 ** 24
    ? null
    : `Expected a whole number from 1 to 16777216, got "${text.slice(0, 40)}".`;
}
