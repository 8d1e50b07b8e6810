/** What the kernel answers, below the canvas: how the run ended, what it gave, what went wrong. */
import '../../style/results.css';
import { HtmlFrame } from './HtmlFrame';
import type { BenchState } from './bench';
import type { Output } from './messages';

const ENDS: Record<string, string> = {
  finished: 'Finished',
  failed: 'Failed',
  cancelled: 'Stopped'
};

export interface ResultsProps {
  state: BenchState;
  /** Why nothing can run, or what is being done about it. */
  note?: string | null;
}

export function Results({ state, note }: ResultsProps): JSX.Element {
  const { ended, fault, preview, code } = state;
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
      {ended?.outputs.map(output => <Result key={output.name} output={output} />)}
      {preview && (
        <Result
          output={{
            name: `${preview.task}.${preview.port}`,
            type: '',
            preview: preview.text,
            html: preview.html
          }}
        />
      )}
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
  return state.ended ? (ENDS[state.ended.state] ?? state.ended.state) : 'Nothing has run yet.';
}

function Result({ output }: { output: Output }): JSX.Element {
  return (
    <section className="dlaaw-result" aria-label={output.name}>
      <h3>
        {output.name} {output.type && <small>{output.type}</small>}
      </h3>
      {output.html ? (
        <HtmlFrame html={output.html} title={output.name} />
      ) : (
        <pre>{output.preview}</pre>
      )}
    </section>
  );
}
