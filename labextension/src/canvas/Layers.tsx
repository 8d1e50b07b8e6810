import { Fragment, useState } from 'react';
import type { LayerNode, PortInfo } from '../model/types';
import { LAYER_TYPE, useActions } from './context';
import { shiftLayer } from './shift';
import type { TaskData } from './graph';
import { BEFORE } from './handlers';
import { PortHandle } from './PortHandle';

interface Props {
  data: TaskData;
  layers: LayerNode[];
  ports: PortInfo[];
}

/** The layers of a network, from first to last, with the shape on every edge. */
export function Layers({ data, layers, ports }: Props): React.JSX.Element {
  const outputs = new Map(ports.map(port => [port.name, port]));
  const bad = new Set(data.problems.map(problem => problem.port));
  return (
    <div className="dlaaw-layers nodrag" role="list" aria-label={`Layers of ${data.task.name}`}>
      <Shape width={layers[0]?.in_features} bad={false} />
      {layers.map((layer, place) => {
        const port = outputs.get(layer.id);
        return (
          <Fragment key={layer.id}>
            <Layer data={data} layer={layer} place={place} bad={bad.has(layer.id)}>
              {port && <PortHandle port={port} side="output" task={data.task.name} />}
            </Layer>
            <Shape width={layer.out_features} bad={bad.has(layers[place + 1]?.id)} />
          </Fragment>
        );
      })}
      {layers.length === 0 && <div className="dlaaw-empty" role="listitem">Drop layers here</div>}
    </div>
  );
}

function Shape({ width, bad }: { width: number | null | undefined; bad: boolean }): React.JSX.Element | null {
  if (width === undefined) {
    return null;
  }
  return (
    <div className={`dlaaw-shape${bad ? ' dlaaw-bad' : ''}`} role="presentation">
      <span>n × {width ?? '?'}</span>
    </div>
  );
}

interface LayerProps {
  data: TaskData;
  layer: LayerNode;
  place: number;
  bad: boolean;
  children: React.ReactNode;
}

function Layer({ data, layer, place, bad, children }: LayerProps): React.JSX.Element {
  const actions = useActions();
  const [over, setOver] = useState('');
  const task = data.task.name;
  const chosen = data.layer === layer.id;
  const settings = Object.entries(layer.parameters ?? {}).map(([key, value]) => `${key} ${String(value)}`);
  const told = settings.join(', ') || layer.kind;
  const move = (step: number) => shiftLayer(actions, task, layer.id, place + step);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (step !== 0) {
      event.preventDefault();
      event.stopPropagation();
      if (event.altKey && !data.readOnly) {
        move(step);
      } else {
        focusBeside(event.currentTarget as HTMLElement, step);
      }
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.stopPropagation();
    }
  };
  return (
    <div
      className={`dlaaw-layer${chosen ? ' dlaaw-chosen' : ''}${bad ? ' dlaaw-bad' : ''}${over}`}
      role="listitem"
      data-layer-place={place}
      onDragOver={event => {
        const box = event.currentTarget.getBoundingClientRect();
        const before = event.clientY < box.y + box.height * BEFORE;
        setOver(before ? ' dlaaw-over' : ' dlaaw-over dlaaw-over-after');
      }}
      onDragLeave={() => setOver('')}
      onDrop={() => setOver('')}
    >
      <button
        type="button"
        className="dlaaw-layer-button"
        draggable={!data.readOnly}
        aria-pressed={chosen}
        aria-label={`${layer.id} ${told}, layer, ${layer.in_features ?? 'unknown'} to ${layer.out_features ?? 'unknown'} columns`}
        onClick={event => {
          event.stopPropagation();
          actions.selectLayer(task, layer.id);
        }}
        onKeyDown={onKeyDown}
        onDragStart={event => {
          event.stopPropagation();
          event.dataTransfer.setData(LAYER_TYPE, JSON.stringify([task, layer.id]));
          event.dataTransfer.effectAllowed = 'move';
        }}
      >
        <span className="dlaaw-name">{layer.id}</span>{' '}
        <span className="dlaaw-sub">{told}</span>
      </button>
      {children}
    </div>
  );
}

function focusBeside(button: HTMLElement, step: number): void {
  const all = [...(button.closest('.dlaaw-layers')?.querySelectorAll('button') ?? [])];
  all[all.indexOf(button as HTMLButtonElement) + step]?.focus();
}
