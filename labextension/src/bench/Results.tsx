/** What the kernel answers, below the canvas: how the run ended, what it gave, what went wrong. */
import { Costs } from './Costs';
import { HtmlFrame } from './HtmlFrame';
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
}

export function Results({ state, note, own, onTrust }: ResultsProps): JSX.Element {
  const { ended, fault, course, preview, code } = state;
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
            This workflow brings code or commands of its own. Read them before they run on your
            machine.
          </h3>
          {own && <pre className="dlaaw-results-code">{own.join('\n')}</pre>}
          <button type="button" className="jp-mod-styled" onClick={onTrust}>
            Trust this workflow and run
          </button>
        </section>
      )}
      <Costs curves={state.curves} task={course?.task} />
      {course && <TaskCourse course={course} />}
      {preview && <Result output={{ ...preview, name: '', type: '', preview: preview.text }} />}
      {ended?.outputs.map(output => <Result key={output.name} output={output} />)}
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
    const states = Object.values(state.status).map(one => one.state);
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

function TaskCourse({ course }: { course: Course }): JSX.Element {
  const { task, state, why, seconds, log, error, trace, chain } = course;
  const causes = chain && chain.length > 1 ? chain.map(String).join(' \u2190 ') : '';
  return (
    <section className="dlaaw-result" aria-label={`Task ${task}`}>
      <h3>
        {task}{' '}
        <small>
          {[state, seconds != null && duration(seconds), why].filter(Boolean).join(', ')}
        </small>
      </h3>
      {causes && <p>{causes}</p>}
      {error && <pre className="dlaaw-results-fault">{error}</pre>}
      {trace && trace !== error && (
        <details>
          <summary>Where it was raised</summary>
          <pre>{trace}</pre>
        </details>
      )}
      {log && <pre className="dlaaw-results-code">{log}</pre>}
    </section>
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
