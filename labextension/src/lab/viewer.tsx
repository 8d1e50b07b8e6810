/** Tabs for what is too wide for the sidebar: outputs of a run, a product, a comparison. */
import { Comparison } from '../bench/Comparison';
import { HtmlFrame } from '../bench/HtmlFrame';
import type { Compared, ProductLook } from '../bench/store_messages';
import { Drawn } from './drawn';
import { icon } from './icon';

let count = 0;

function viewer(label: string, draw: () => JSX.Element): Drawn {
  const widget = new Drawn(draw);
  count += 1;
  widget.id = `dlaaw-viewer-${count}`;
  widget.addClass('dlaaw-viewer');
  widget.title.label = label;
  widget.title.icon = icon;
  widget.title.closable = true;
  return widget;
}

/** A tab with what differs between two runs. */
export function comparisonTab(compared: Compared): Drawn {
  const [first, second] = compared.runs;
  const names = new Set([first.workflow, second.workflow]);
  return viewer(`Compare ${[...names].join(' and ')}`, () => <Comparison compared={compared} />);
}

/** A tab with looks at products, each under its name. */
export function looksTab(label: string, looks: { name: string; look: ProductLook }[]): Drawn {
  return viewer(label, () => (
    <section className="dlaaw-results" aria-label={label} tabIndex={0}>
      {looks.map(({ name, look }) => (
        <section className="dlaaw-result" aria-label={name} key={name}>
          <h3>
            {name} <small>{[look.product.type, look.product.size].join(', ')}</small>
          </h3>
          {look.html ? <HtmlFrame html={look.html} title={name} /> : <pre>{look.text}</pre>}
        </section>
      ))}
    </section>
  ));
}
