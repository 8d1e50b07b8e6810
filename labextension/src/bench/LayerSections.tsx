/** A layer looked into: its facts, its neurons, and the source of its kernel. */
import { useEffect, useState } from 'react';

import { HtmlFrame } from './HtmlFrame';
import type { LayerLook } from './layer_messages';

interface Props {
  look: LayerLook;
  /** Look at another row of the data. */
  onRow: (row: number) => void;
}

export function LayerSections({ look, onRow }: Props): JSX.Element {
  const { layer, task, summary, facts, neurons, why, kernel } = look;
  return (
    <section className="dlaaw-result" aria-label={`Layer ${layer} of ${task}`}>
      <h3>
        {layer} <small>layer of {task}</small>
      </h3>
      {summary && <p>{summary}</p>}
      <dl className="dlaaw-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <section aria-label="Neurons">
        <h4>Neurons</h4>
        {neurons === undefined ? (
          <p>{why}</p>
        ) : (
          <>
            <RowField look={look} onRow={onRow} />
            <HtmlFrame html={neurons} title={`Neurons of ${layer}`} />
          </>
        )}
      </section>
      <section aria-label="Kernel source">
        <h4>Kernel source</h4>
        {kernel.length === 0 && <p>There is no kernel of that name.</p>}
        {kernel.map(({ file, language, text, html }) => (
          <details key={file} open>
            <summary>
              {file} <small>{language}: forward and backward</small>
            </summary>
            {html ? (
              <HtmlFrame html={html} title={`Source of ${file}`} />
            ) : (
              <pre className="dlaaw-results-code" tabIndex={0}>
                {text}
              </pre>
            )}
          </details>
        ))}
      </section>
    </section>
  );
}

function RowField({ look, onRow }: Props): JSX.Element | null {
  const { row = 0, rows = 0 } = look;
  const [typed, setTyped] = useState(String(row));
  useEffect(() => setTyped(String(row)), [row]);
  if (rows === 0) {
    return <p>No row of data can be looked at, so there are weights alone.</p>;
  }
  const take = (text: string) => {
    setTyped(text);
    const wanted = Number(text);
    if (text.trim() !== '' && Number.isInteger(wanted) && wanted >= 0 && wanted < rows) {
      onRow(wanted);
    }
  };
  return (
    <label className="dlaaw-row-field">
      Row of the data, from 0 to {rows - 1}{' '}
      <input
        type="number"
        min={0}
        max={rows - 1}
        value={typed}
        onChange={event => take(event.target.value)}
        onBlur={() => setTyped(String(row))}
      />
    </label>
  );
}
