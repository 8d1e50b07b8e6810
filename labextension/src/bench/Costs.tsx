/** Cost curves of the networks that train, as pictures from the kernel. */
import type { Curve } from './messages';

const MOST = 6;

/** The curve of the task that is looked at, or those of all. */
export function Costs({ curves, task }: {
  curves: Record<string, Curve>;
  task: string | undefined;
}): JSX.Element | null {
  const all = Object.values(curves);
  const shown = task === undefined ? all : all.filter(curve => curve.task === task);
  if (shown.length === 0) {
    return null;
  }
  return (
    <section className="dlaaw-result" aria-label="Costs">
      <h3>Costs</h3>
      <div className="dlaaw-costs">
        {shown.slice(0, MOST).map(curve => (
          <img
            key={curve.task}
            src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(curve.svg)}`}
            alt={curve.text}
          />
        ))}
      </div>
      {shown.length > MOST && <p>{shown.length - MOST} more: select a network to see its curve.</p>}
    </section>
  );
}
