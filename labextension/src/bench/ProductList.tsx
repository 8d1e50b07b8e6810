/** Data products of a store: found by words, looked at, dragged onto a canvas. */
import { useEffect, useState } from 'react';

import { HtmlFrame } from './HtmlFrame';
import { PRODUCT_TYPE } from '../canvas/context';
import type { StoreClient } from './store_client';
import type { ListedProduct } from './store_messages';
import { useStore } from './use_store';
import { whenText } from './words';

const SEARCH_AFTER_MS = 250;

export interface ProductListProps {
  client: StoreClient;
  /** Adds it to the workflow in front; without one there is none. */
  onAdd: (hash: string) => void;
  onOpen: (product: ListedProduct) => void;
}

export function ProductList({ client, onAdd, onOpen }: ProductListProps): JSX.Element {
  const { connected, products, moreProducts, look, search } = useStore(client);
  const [words, setWords] = useState(search);
  const [chosen, setChosen] = useState<string | null>(null);
  useEffect(() => {
    if (words === client.now.search) {
      return;
    }
    const timer = setTimeout(() => void client.find(words), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [client, words]);
  if (!connected || products === null) {
    return <p className="dlaaw-side-empty">{connected ? 'Reading' : 'No kernel.'}</p>;
  }
  const choose = (hash: string) => {
    const next = chosen === hash ? null : hash;
    setChosen(next);
    void client.look(next);
  };
  return (
    <div className="dlaaw-side">
      <input
        type="search" className="dlaaw-side-search" value={words} aria-label="Search data products"
        placeholder="Search by name, task, type" onChange={event => setWords(event.target.value)}
      />
      {products.length === 0 && (
        <p className="dlaaw-side-empty">{search ? 'None has these words.' : 'No products yet.'}</p>
      )}
      <ul className="dlaaw-side-list" aria-label="Data products">
        {products.map(product => (
          <li key={product.hash}>
            <button
              type="button" className="dlaaw-side-head dlaaw-product" draggable
              aria-expanded={chosen === product.hash} title="Drag it onto a canvas"
              onClick={() => choose(product.hash)}
              onDragStart={event => {
                event.dataTransfer.setData(PRODUCT_TYPE, product.hash);
                event.dataTransfer.effectAllowed = 'copy';
              }}
            >
              <b>{nameOf(product)}</b>
              <span className="dlaaw-side-type">{product.type}</span>
              <small>
                {[product.size, product.workflow, whenText(product.when)].filter(Boolean).join(', ')}
              </small>
            </button>
            {chosen === product.hash && (
              <div className="dlaaw-side-course" role="group" aria-label={`Preview of ${nameOf(product)}`}>
                <div className="dlaaw-side-bar">
                  <button
                    type="button" className="jp-mod-styled jp-mod-minimal"
                    onClick={() => onAdd(product.hash)}
                  >
                    Add to the workflow
                  </button>
                  <button
                    type="button" className="jp-mod-styled jp-mod-minimal"
                    onClick={() => onOpen(product)}
                  >
                    Open
                  </button>
                </div>
                <p className="dlaaw-side-hint">{`${product.hash.slice(0, 12)}, run ${product.run}`}</p>
                {look?.product.hash === product.hash &&
                  (look.html ? (
                    <HtmlFrame html={look.html} title={`Preview of ${nameOf(product)}`} />
                  ) : (
                    <pre className="dlaaw-side-log" tabIndex={0}>{look.text}</pre>
                  ))}
              </div>
            )}
          </li>
        ))}
      </ul>
      {moreProducts && <p className="dlaaw-side-empty">More are not shown: search for them.</p>}
    </div>
  );
}

/** A file by its name, what a task made by both names, an input by its own. */
export function nameOf({ name, task, filename }: ListedProduct): string {
  return filename || (task === '' ? name : name === 'output' ? task : `${task}.${name}`);
}
