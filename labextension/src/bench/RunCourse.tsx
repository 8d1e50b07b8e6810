/** One run: what can be done with it, its tasks, and what they wrote. */
import type { TaskReport } from './messages';
import type { StoreClient } from './store_client';
import type { RunDetails, TaskFacts, TaskLog } from './store_messages';
import { StateMark } from './StateMark';
import { useStore } from './use_store';
import { counted, tookText } from './words';

export interface RunCourseProps {
  client: StoreClient;
  details: RunDetails;
  onOutputs: (details: RunDetails) => void;
}

export function RunCourse({ client, details, onOutputs }: RunCourseProps): JSX.Element {
  const { live, log } = useStore(client);
  const { run, inputs, outputs, here, more } = details;
  const tasks = here ? withLive(details.tasks, live) : details.tasks;
  return (
    <div className="dlaaw-side-course" role="group" aria-label={`Run ${run}`}>
      <div className="dlaaw-side-bar">
        {here ? (
          <Action label="Cancel" onClick={() => client.cancel(run)} />
        ) : (
          <Action label="Rerun" hint="Run again with the same inputs" onClick={() => void client.rerun(run)} />
        )}
        <Action label="Open outputs" disabled={outputs.length === 0} onClick={() => onOutputs(details)} />
      </div>
      <p className="dlaaw-side-hint">
        {run}
        {inputs.map(({ name, given }) => (given === '' ? '' : `, ${name} = ${given}`)).join('')}
      </p>
      <ul className="dlaaw-side-list" aria-label="Tasks">
        {tasks.map(task => (
          <li key={task.task}>
            <Task
              task={task} log={log?.run === run && log.task === task.task ? log : null}
              onLog={() => void client.readLog(run, task.task)}
            />
          </li>
        ))}
      </ul>
      {more > 0 && <p className="dlaaw-side-hint">{counted(more, 'task')} more are not shown.</p>}
    </div>
  );
}

function Action(props: {
  label: string; hint?: string; disabled?: boolean; onClick: () => void;
}): JSX.Element {
  return (
    <button
      type="button" className="jp-mod-styled jp-mod-minimal" title={props.hint}
      disabled={props.disabled} onClick={props.onClick}
    >
      {props.label}
    </button>
  );
}

function Task(props: { task: TaskFacts; log: TaskLog | null; onLog: () => void }): JSX.Element {
  const { task, log, onLog } = props;
  return (
    <>
      <button
        type="button" className="dlaaw-side-head" aria-expanded={log !== null}
        title="Show what it wrote" onClick={onLog}
      >
        <span>{task.task}</span>
        <StateMark state={task.state} />
        <small>{tookText(task.seconds)}</small>
      </button>
      {task.error && log === null && <p className="dlaaw-side-error">{task.error}</p>}
      {log && (
        <div role="region" aria-label={`Log of ${task.task}`}>
          {log.error && <pre className="dlaaw-side-error">{log.error}</pre>}
          {log.why && <p className="dlaaw-side-hint">{log.why}</p>}
          {log.cut && <p className="dlaaw-side-hint">Only the end of a long log:</p>}
          <pre className="dlaaw-side-log" tabIndex={0}>{log.log || 'It wrote nothing.'}</pre>
        </div>
      )}
    </>
  );
}

/** Put the states of now over what is written down; what has not ended stands behind. */
function withLive(tasks: TaskFacts[], live: Record<string, TaskReport>): TaskFacts[] {
  const written = new Map(tasks.map(task => [task.task, task]));
  const fresh = Object.values(live).map(({ task, state, seconds, error }): TaskFacts => {
    const known = written.get(task);
    written.delete(task);
    return {
      kind: '', log: false, why: '', ...known, task, state,
      seconds: seconds ?? known?.seconds ?? null, error: error ?? known?.error ?? null
    };
  });
  return [...fresh, ...written.values()];
}
