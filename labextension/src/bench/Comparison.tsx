/** What differs between two runs, as a table. */
import { StateMark } from './StateMark';
import type { Compared, RunFacts } from './store_messages';
import { counted, tookText, whenText } from './words';

export function Comparison({ compared }: { compared: Compared }): JSX.Element {
  const { runs, changes, more, times } = compared;
  return (
    <section className="dlaaw-results dlaaw-compared" aria-label="Comparison of two runs" tabIndex={0}>
      <table>
        <caption>
          {changes.length === 0
            ? 'The same tasks, settings, inputs and outputs'
            : `${counted(changes.length + more, 'difference')}`}
        </caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Name</th>
            <th scope="col">Part</th>
            {runs.map(run => (
              <th scope="col" key={run.run}><RunHead run={run} /></th>
            ))}
          </tr>
        </thead>
        <tbody>
          {changes.map(([what, name, part, before, after], place) => (
            <tr key={place}>
              <td>{what}</td>
              <th scope="row">{name}</th>
              <td>{part}</td>
              <td>{before}</td>
              <td>{after}</td>
            </tr>
          ))}
          {times.map(([task, before, after]) => (
            <tr key={`time ${task}`}>
              <td>duration</td>
              <th scope="row">{task === '' ? 'the whole run' : task}</th>
              <td />
              <td>{tookText(before)}</td>
              <td>{tookText(after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p>{counted(more, 'difference')} more are not shown: store.diff() in Python gives all.</p>}
    </section>
  );
}

function RunHead({ run }: { run: RunFacts }): JSX.Element {
  return (
    <>
      {run.workflow}, {whenText(run.started)} <StateMark state={run.state} />
      <br />
      <small>{run.run}</small>
    </>
  );
}
