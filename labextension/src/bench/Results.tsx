/** What the kernel answers, below the canvas: how the run ended, what it gave, what went wrong. */
import { Costs } from './Costs';
import { HtmlFrame } from './HtmlFrame';
import { LayerSections } from './LayerSections';
import type { BenchState } from './bench';
import type { Course, Output } from './messages';

const ENDS: Record<string, string> = {
  finished: 'Finished',
  failed: 'Failed',
  cancelled: 'Stopped'
};

export interface ResultsProps {
  state: BenchState;
  /** Why nothing can run, or what is being done about it. */
  note?: string | null;
  /** The code of the document, line by line. */
  own?: string[];
  /** The person trusts that code. */
  onTrust?: () => void;
  /** Look at another row in the layer that is looked into. */
  onRow?: (row: number) => void;
  /** Show a task on the canvas. */
  onSeek?: (task: string) => void;
}

export function Results({ state, note, own, onTrust, onRow, onSeek }: ResultsProps): JSX.Element {
  const { ended, fault, course, preview, code } = state;
  const costs = <Costs curves={state.curves} task={course?.task} />;
  return (
    <section className="dlaaw-results" aria-label="Results" tabIndex={0}>
      <p className="dlaaw-results-state" role="status">
        {headline(state, note)}
      </p>
      {fault && (
        <pre className="dlaaw-results-fault" role="alert">
          {fault}
        </pre>
      )}
      {state.untrusted && onTrust && (
        <section className="dlaaw-result" aria-label="Code of this workflow">
          <h3>
            This workflow brings code or commands of its own, or reads files outside of its folder. Read
            them before they run on your machine.
          </h3>
          {own && <pre className="dlaaw-results-code">{own.join('\n')}</pre>}
          <button type="button" className="jp-mod-styled" onClick={onTrust}>
            Trust this workflow and run
          </button>
        </section>
      )}
      {state.layer && <LayerSections look={state.layer} onRow={onRow ?? (() => undefined)} />}
      {(course || !ended) && costs}
      {course && <TaskCourse course={course} onSeek={onSeek} />}
      {preview && <Result output={{ ...preview, name: '', type: '', preview: preview.text }} />}
      {ended?.outputs.map(output => <Result key={output.name} output={output} />)}
      {ended && !course && costs}
      {code !== null && (
        <section aria-label="Python">
          <h3>Python</h3>
          <pre>{code}</pre>
        </section>
      )}
    </section>
  );
}

function headline(state: BenchState, note?: string | null): string {
  if (state.running) {
    const own = Object.values(state.status).filter(one => !one.inside);
    const states = own.map(one => one.state);
    const done = states.filter(one => one === 'finished' || one === 'cached').length;
    return states.length > 0 ? `Running: ${done} of ${states.length} tasks are done` : 'Running';
  }
  if (note) {
    return note;
  }
  if (!state.ended) {
    const began = Object.keys(state.status).length > 0;
    return began ? 'The run did not come to its end.' : 'Nothing has run yet.';
  }
  const { state: end, seconds } = state.ended;
  return `${ENDS[end] ?? end}${seconds == null ? '' : ` after ${duration(seconds)}`}`;
}

function duration(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  return ms < 1000 ? `${ms} ms` : `${seconds.toFixed(seconds < 10 ? 2 : 0)} s`;
}

function TaskCourse(props: {
  course: Course;
  onSeek?: (task: string) => void;
}): JSX.Element {
  const { task, state, why, seconds, log, error, trace, chain } = props.course;
  return (
    <section className="dlaaw-result" aria-label={`Task ${task}`}>
      <h3>
        {task}{' '}
        <small>
          {[state, seconds != null && duration(seconds), why].filter(Boolean).join(', ')}
        </small>
      </h3>
      <Causes chain={(chain ?? []).map(String)} onSeek={props.onSeek} />
      {error && <pre className="dlaaw-results-fault">{error}</pre>}
      {trace && trace !== error && (
        <details>
          <summary>Where it was raised</summary>
          <pre>{trace}</pre>
        </details>
      )}
      {log && (
        <pre className="dlaaw-results-code" aria-label={`What ${task} printed`} tabIndex={0}>
          {log}
        </pre>
      )}
    </section>
  );
}

/** The tasks from one that failed to the one where it began; each leads to its node. */
function Causes(props: { chain: string[]; onSeek?: (task: string) => void }): JSX.Element | null {
  const { chain, onSeek } = props;
  return chain.length < 2 ? null : (
    <nav aria-label="From here to the root cause" className="dlaaw-causes">
      <span>It failed because of</span>
      <ol>
        {chain.slice(1).map((name, place) => (
          <li key={name}>
            <button type="button" className="dlaaw-cause" onClick={() => onSeek?.(name)}>
              {name}
            </button>
            {place === chain.length - 2 && <small> the root cause</small>}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Result({ output }: { output: Output }): JSX.Element {
  return (
    <section className="dlaaw-result" aria-label={output.name || 'What it gave'}>
      {output.name && (
        <h3>
          {output.name} <small>{output.type}</small>
        </h3>
      )}
      {output.html ? (
        <HtmlFrame html={output.html} title={output.name || 'What it gave'} />
      ) : (
        <pre>{output.preview}</pre>
      )}
    </section>
  );
}
