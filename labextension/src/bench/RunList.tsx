/** Runs of a store: open one for its tasks and logs, choose two to compare them. */
import { useState } from 'react';

import { RunCourse } from './RunCourse';
import type { StoreClient } from './store_client';
import type { RunDetails, RunFacts } from './store_messages';
import { StateMark } from './StateMark';
import { useStore } from './use_store';
import { counted, tookText, whenText } from './words';

export interface RunListProps {
  client: StoreClient;
  onOutputs: (details: RunDetails) => void;
  onCompare: (runs: [string, string]) => void;
}

export function RunList({ client, onOutputs, onCompare }: RunListProps): JSX.Element {
  const { connected, runs, moreRuns, details } = useStore(client);
  const [chosen, setChosen] = useState<string[]>([]);
  const [open, setOpen] = useState<string | null>(null);
  if (!connected || runs === null) {
    return <p className="dlaaw-side-empty">{connected ? 'Reading' : 'No kernel.'}</p>;
  }
  if (runs.length === 0) {
    return <p className="dlaaw-side-empty">No runs yet.</p>;
  }
  // A rerun opens the run that it made.
  const shown = details !== null && open !== null ? details.run : open;
  const there = chosen.filter(run => runs.some(one => one.run === run));
  const turn = (run: string) => {
    const next = shown === run ? null : run;
    setOpen(next);
    void client.open(next);
  };
  const choose = (run: string) =>
    setChosen(there.includes(run) ? there.filter(one => one !== run) : [...there, run].slice(-2));
  // The older one comes first, so that the table tells what changed since.
  const pair = runs.filter(one => there.includes(one.run)).map(one => one.run).reverse();
  return (
    <div className="dlaaw-side">
      <div className="dlaaw-side-bar">
        <button
          type="button" className="jp-mod-styled jp-mod-minimal" disabled={pair.length !== 2}
          title={pair.length === 2 ? 'Show what differs' : 'Choose two runs by their boxes'}
          onClick={() => onCompare(pair as [string, string])}
        >
          Compare
        </button>
        <span className="dlaaw-side-hint">
          {pair.length === 2 ? 'two runs are chosen' : 'choose two runs'}
        </span>
      </div>
      <ul className="dlaaw-side-list" aria-label="Runs">
        {runs.map(run => (
          <li key={run.run}>
            <div className="dlaaw-side-row">
              <input
                type="checkbox" checked={there.includes(run.run)}
                aria-label={`Compare ${title(run)}`} onChange={() => choose(run.run)}
              />
              <button
                type="button" className="dlaaw-side-head" aria-expanded={shown === run.run}
                onClick={() => turn(run.run)}
              >
                <b>{run.workflow}</b>
                <StateMark state={run.state} />
                <small>
                  {[whenText(run.started), tookText(run.seconds), counted(run.tasks, 'task')]
                    .filter(Boolean).join(', ')}
                </small>
              </button>
            </div>
            {shown === run.run && details?.run === run.run && (
              <RunCourse client={client} details={details} onOutputs={onOutputs} />
            )}
          </li>
        ))}
      </ul>
      {moreRuns && <p className="dlaaw-side-empty">Older runs are not shown: store.runs() in Python lists them.</p>}
    </div>
  );
}

function title(run: RunFacts): string {
  return `${run.workflow}, ${whenText(run.started)}`;
}
