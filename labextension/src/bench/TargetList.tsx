/** Where networks can run, and how that is. */
import { StateMark } from './StateMark';
import type { StoreClient } from './store_client';
import { useStore } from './use_store';

export function TargetList({ client }: { client: StoreClient }): JSX.Element {
  const { connected, targets } = useStore(client);
  if (!connected || targets === null) {
    return <p className="dlaaw-side-empty">{connected ? 'Reading' : 'No kernel.'}</p>;
  }
  return (
    <ul className="dlaaw-side-list" aria-label="Targets">
      {targets.map(target => (
        <li key={target.name} className="dlaaw-side-target">
          <p className="dlaaw-side-head">
            <b>{target.name}</b>
            <StateMark state={target.state} />
            <small>{target.default ? 'default' : ''}</small>
          </p>
          {target.error && <p className="dlaaw-side-error">{target.error}</p>}
          <dl>
            {Object.entries(target.facts).map(([name, fact]) => (
              <div key={name}>
                <dt>{name.replace(/_/g, ' ')}</dt>
                <dd>{fact}</dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ul>
  );
}
