import { memo } from 'react';
import { isNetwork } from '../model/catalogue';
import { disconnect, edgeText, setLive } from '../model/connect';
import { taskOf } from '../model/edits';
import { nodeRef } from '../model/layout';
import type { NodeStatus, Problem, WorkflowDocument } from '../model/types';
import { useActions } from './context';
import type { Choice } from './context';
import { InputForm, OutputForm, WorkflowForm } from './EndForms';
import { SwitchField } from './fields';
import { countText, edgeId } from './graph';
import { LayerForm, NetworkForm } from './NetworkForms';
import { TaskForm } from './TaskForm';

interface Props {
  document: WorkflowDocument;
  choice: Choice;
  problems: Problem[];
  status: Record<string, NodeStatus>;
  readOnly: boolean;
}

/** The properties of what is selected. */
export const Form = memo(function Form(props: Props): React.JSX.Element {
  return (
    <section className="dlaaw-form" aria-label="Properties">
      <Chosen {...props} />
    </section>
  );
});

function Chosen(props: Props): React.JSX.Element {
  const { document, choice, problems, status, readOnly } = props;
  if (choice.nodes.length + choice.edges.length > 1) {
    return <Several choice={choice} />;
  }
  if (choice.edges.length === 1) {
    return <EdgeForm id={choice.edges[0]} document={document} readOnly={readOnly} />;
  }
  if (choice.nodes.length === 0) {
    return <WorkflowForm document={document} problems={problems} readOnly={readOnly} />;
  }
  const { side, name } = nodeRef(choice.nodes[0]);
  const shared = { document, readOnly };
  if (side === 'inputs') {
    const input = document.inputs.find(one => one.name === name);
    return input ? <InputForm key={name} input={input} {...shared} /> : <Gone />;
  }
  if (side === 'outputs') {
    const output = document.outputs.find(one => one.name === name);
    return output ? <OutputForm key={name} output={output} {...shared} /> : <Gone />;
  }
  const task = taskOf(document, name);
  if (task === undefined) {
    return <Gone />;
  }
  const own = problems.filter(problem => problem.task === name);
  if (isNetwork(task) && choice.layer !== null) {
    return <LayerForm key={`${name} ${choice.layer}`} task={task} id={choice.layer} problems={own} {...shared} />;
  }
  return (
    <TaskForm key={name} task={task} problems={own} status={status[name]} {...shared}>
      {isNetwork(task) && <NetworkForm task={task} problems={own} {...shared} />}
    </TaskForm>
  );
}

function Gone(): React.JSX.Element {
  return <p className="dlaaw-help">It is not here any more.</p>;
}

function Several({ choice }: { choice: Choice }): React.JSX.Element {
  const tasks = choice.nodes.filter(id => nodeRef(id).side === 'tasks').length;
  return (
    <>
      <h2>{countText(choice.nodes.length + choice.edges.length, 'thing')} selected</h2>
      <p className="dlaaw-help">
        {countText(tasks, 'task')}. They move together with the arrow keys; Ctrl+C copies them,
        Ctrl+G makes one task of them, Delete takes them away.
      </p>
    </>
  );
}

function EdgeForm(props: {
  id: string; document: WorkflowDocument; readOnly: boolean;
}): React.JSX.Element {
  const actions = useActions();
  const edge = props.document.edges.find(one => edgeId(one) === props.id);
  if (edge === undefined) {
    return (
      <>
        <h2>Edge</h2>
        <p className="dlaaw-help">It leads to an output of the workflow. Delete takes the output away.</p>
      </>
    );
  }
  return (
    <>
      <h2>Edge</h2>
      <p className="dlaaw-code">{edgeText(edge)}</p>
      <SwitchField
        label="live" disabled={props.readOnly || edge.source === ''} value={edge.live === true}
        help="The target runs at every cost event of a network that trains, not only at its end."
        onChange={live => actions.edit(document => setLive(document, edge, live))}
      />
      {!props.readOnly && (
        <button
          type="button" className="dlaaw-button"
          onClick={() => actions.edit(document => disconnect(document, [edge]))}
        >
          Delete the edge
        </button>
      )}
    </>
  );
}
