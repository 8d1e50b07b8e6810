import { memo, useMemo, useState } from 'react';
import type { Catalogue } from '../model/types';
import { plain } from './graph';
import { ENTRY_TYPE, useActions } from './context';
import type { Entry } from './context';

interface Shown extends Entry {
  group: string;
  summary: string;
}

/** What can be added: layers, tasks, and inputs of the workflow; found by words. */
export const Palette = memo(function Palette({ catalogue }: { catalogue: Catalogue }): React.JSX.Element {
  const [words, setWords] = useState('');
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => entries(catalogue), [catalogue]);
  const found = useMemo(() => all.filter(entry => matches(entry, words)), [all, words]);
  const groups = [...new Set(found.map(entry => entry.group))];
  const turn = (group: string) => {
    const next = new Set(closed);
    if (!next.delete(group)) {
      next.add(group);
    }
    setClosed(next);
  };
  return (
    <section className="dlaaw-palette" aria-label="Palette">
      <input
        type="search"
        className="dlaaw-search"
        placeholder="Search tasks and layers"
        aria-label="Search the palette"
        value={words}
        onChange={event => setWords(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') {
            event.preventDefault();
            step(event.currentTarget, 1);
          }
        }}
      />
      <div className="dlaaw-groups">
        {groups.map(group => {
          const open = words !== '' || !closed.has(group);
          return (
            <div className="dlaaw-group" key={group}>
              <button
                type="button" className="dlaaw-group-head" aria-expanded={open}
                onClick={() => turn(group)}
              >
                <span className="dlaaw-arrow" aria-hidden="true" />
                {group}
              </button>
              {open && (
                <ul aria-label={group}>
                  {found.filter(entry => entry.group === group).map(entry => (
                    <li key={`${entry.what} ${entry.kind}`}><PaletteEntry entry={entry} /></li>
                  ))}
                </ul>
              )}
            </div>
          );
        })}
        <p className="dlaaw-hint" role="status">
          {found.length === 0 ? `Nothing is called "${words}".` : ''}
        </p>
      </div>
      <p className="dlaaw-hint">Drag to the canvas, or press Enter.</p>
    </section>
  );
});

function PaletteEntry({ entry }: { entry: Shown }): React.JSX.Element {
  const actions = useActions();
  const label = entry.what === 'input' ? 'Workflow input' : entry.kind;
  return (
    <button
      type="button"
      className={`dlaaw-entry dlaaw-entry-${entry.what}`}
      draggable
      title={plain(entry.summary)}
      aria-label={`${label} ${plain(entry.summary)} Press Enter to add it.`}
      data-kind={entry.kind}
      onDoubleClick={() => actions.add(entry)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          actions.add(entry);
        } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          event.preventDefault();
          step(event.currentTarget, event.key === 'ArrowDown' ? 1 : -1);
        }
      }}
      onClick={event => {
        // A screen reader's click has no place; with the mouse it takes two, or a drag.
        if (event.detail === 0) {
          actions.add(entry);
        }
      }}
      onDragStart={event => {
        event.dataTransfer.setData(ENTRY_TYPE, JSON.stringify({ what: entry.what, kind: entry.kind }));
        event.dataTransfer.effectAllowed = 'copy';
      }}
    >
      <span className="dlaaw-entry-name">{label}</span>{' '}
      <span className="dlaaw-entry-text">{plain(entry.summary)}</span>
    </button>
  );
}

function entries(catalogue: Catalogue): Shown[] {
  const input: Shown = {
    what: 'input', kind: 'input', group: 'Workflow',
    summary: 'Something that the workflow is given: a file, a table, a number.'
  };
  const layers = catalogue.layers.map((layer): Shown => ({
    what: 'layer', kind: layer.kind, summary: layer.summary, group: 'Network layers'
  }));
  const tasks = catalogue.tasks.map((kind): Shown => ({
    what: 'task', kind: kind.kind, summary: kind.summary, group: kind.group
  }));
  return [input, ...layers, ...tasks];
}

function matches(entry: Shown, words: string): boolean {
  const text = `${entry.kind} ${entry.group} ${entry.summary}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every(word => text.includes(word));
}

function step(from: HTMLElement, by: number): void {
  const all = [
    ...(from.closest('.dlaaw-palette')?.querySelectorAll<HTMLElement>('.dlaaw-search, .dlaaw-entry') ?? [])
  ];
  all[all.indexOf(from) + by]?.focus();
}
