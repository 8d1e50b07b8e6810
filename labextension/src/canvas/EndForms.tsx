import { addInput, setInput, setOutput } from '../model/ends';
import { jsonText } from '../model/json';
import { changed } from '../model/notes';
import type { InputEntry, OutputEntry, Problem, WorkflowDocument } from '../model/types';
import { useActions } from './context';
import { readJson, SelectField, TextField } from './fields';
import { countText } from './graph';
import { NameField } from './NameField';

interface Shared {
  document: WorkflowDocument;
  readOnly: boolean;
}

/** The workflow itself, where nothing is selected. */
export function WorkflowForm(props: Shared & { problems: Problem[] }): React.JSX.Element {
  const { document, problems, readOnly } = props;
  const actions = useActions();
  return (
    <>
      <h2>Workflow</h2>
      <TextField
        label="Name" disabled={readOnly} value={document.name}
        refuse={text => (text === '' ? 'Expected a name, got nothing.' : null)}
        onChange={name => actions.edit(now => changed(now, { name }), 'workflow name')}
      />
      <TextField
        label="Description" lines={3} disabled={readOnly} value={document.description ?? ''}
        onChange={text => actions.edit(now => described(now, text), 'workflow description')}
      />
      <p className="dlaaw-help">
        {countText(document.tasks.length, 'task')}, {countText(document.edges.length, 'edge')}
      </p>
      {!readOnly && (
        <button
          type="button" className="dlaaw-button"
          onClick={() => {
            const added = addInput(actions.document());
            actions.edit(() => added.document);
            actions.select([{ side: 'inputs', name: added.name }]);
          }}
        >
          Add an input
        </button>
      )}
      {problems.length > 0 && (
        <>
          <h3>{countText(problems.length, 'problem')}</h3>
          <ul className="dlaaw-problems">
            {problems.map((problem, place) => (
              <li key={place}>
                <button
                  type="button" className="dlaaw-link"
                  onClick={() => actions.select([{ side: 'tasks', name: problem.task }])}
                >
                  {problem.task}
                </button>
                : {problem.text}
                {problem.mend && <span className="dlaaw-help">{problem.mend}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      {document.tasks.length === 0 && (
        <p className="dlaaw-help">
          Drag a task or a layer from the palette to the canvas. Edges are drawn from an output, at
          the right of a task, to an input, at the left of another.
        </p>
      )}
    </>
  );
}

function described(document: WorkflowDocument, text: string): WorkflowDocument {
  const { format, version, name, description: _, ...rest } = document;
  return { format, version, name, ...(text === '' ? {} : { description: text }), ...rest };
}

export function InputForm(props: Shared & { input: InputEntry }): React.JSX.Element {
  const { document, input, readOnly } = props;
  const actions = useActions();
  const types = ['', ...[...actions.lookup.types.keys()].sort()];
  const known = input.type === undefined || types.includes(input.type) ? types : [input.type, ...types];
  const set = (changes: Partial<InputEntry>, place: string) =>
    actions.edit(now => setInput(now, input.name, changes), `${input.name} ${place}`);
  return (
    <>
      <h2>Input of the workflow</h2>
      <NameField document={document} node={{ side: 'inputs', name: input.name }} readOnly={readOnly} />
      <SelectField
        label="Type" disabled={readOnly} value={input.type ?? ''}
        help="What it must be. A path given where a table or a data set is expected is read as one."
        options={known.map(value => ({ value, label: value || 'as what it feeds' }))}
        onChange={type => set({ type: type || undefined }, 'type')}
      />
      <TextField
        label="Default" disabled={readOnly} placeholder="none: a run must say"
        value={input.default === undefined ? '' : jsonText(input.default)}
        help='A JSON value: "rows.csv" with quotes is text, 3 a number.'
        refuse={text => (text.trim() === '' ? null : readJson(text).error ?? null)}
        onChange={text =>
          set({ default: text.trim() === '' ? undefined : readJson(text).value }, 'default')
        }
      />
      <TextField
        label="Description" lines={2} disabled={readOnly} value={input.description ?? ''}
        onChange={text => set({ description: text || undefined }, 'description')}
      />
    </>
  );
}

export function OutputForm(props: Shared & { output: OutputEntry }): React.JSX.Element {
  const { document, output, readOnly } = props;
  const actions = useActions();
  const sources = document.tasks.flatMap(task =>
    actions.lookup.ports(task).outputs.map(port => [task.name, port.name])
  );
  return (
    <>
      <h2>Output of the workflow</h2>
      <NameField document={document} node={{ side: 'outputs', name: output.name }} readOnly={readOnly} />
      <SelectField
        label="It is" disabled={readOnly} value={JSON.stringify([output.task, output.port])}
        options={sources.map(([task, port]) => ({
          value: JSON.stringify([task, port]), label: `${task}.${port}`
        }))}
        onChange={text => {
          const [task, port] = JSON.parse(text) as [string, string];
          actions.edit(now => setOutput(now, actions.lookup, output.name, task, port));
        }}
      />
    </>
  );
}
