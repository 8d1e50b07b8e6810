import { kindText } from '../model/catalogue';
import { setParameter } from '../model/edits';
import { ungroup, ungroupRefusal } from '../model/group';
import { bodyOf } from '../model/inside';
import type { NodeStatus, Problem, TaskEntry, WorkflowDocument } from '../model/types';
import { useActions } from './context';
import { plain } from './graph';
import { ParameterField } from './fields';
import { NameField } from './NameField';
import { PolicyForm } from './PolicyForm';
import { InputRow, OutputRow } from './PortRows';
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
      <NameField document={document} node={{ side: 'tasks', name: task.name }} readOnly={readOnly} />
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
