import { memo } from 'react';
import type { NodeProps } from '@xyflow/react';
import type { NodeStatus, PortInfo } from '../model/types';
import { useActions } from './context';
import type { CanvasNode, EndData, TaskData } from './graph';
import { Icon } from './icons';
import { Layers } from './Layers';
import { PortHandle } from './PortHandle';

/** A task, or a network with its layers in a frame. */
export const TaskNode = memo(function TaskNode(props: NodeProps<CanvasNode>): React.JSX.Element {
  const data = props.data as TaskData;
  const { task, kind, inputs, outputs, layers, status, problems } = data;
  const own = layers === null ? outputs : outputs.slice(0, outputs.length - layers.length);
  const state = status?.state ?? 'initialized';
  return (
    <div
      className={`dlaaw-node dlaaw-state-${state}${layers === null ? '' : ' dlaaw-network'}`}
      data-network={layers === null ? undefined : task.name}
    >
      <div className="dlaaw-head">
        <div className="dlaaw-title">
          <span className="dlaaw-name" title={task.name}>{task.name}</span>
          {problems.length > 0 && (
            <span
              className="dlaaw-problem"
              role="img"
              aria-label={problems.map(one => one.text).join(' ')}
              title={problems.map(one => `${one.text} ${one.mend ?? ''}`).join('\n')}
            >
              <Icon name="warning" />
              {problems.length > 1 ? problems.length : ''}
            </span>
          )}
        </div>
        <div className="dlaaw-sub">
          <span className="dlaaw-kind" title={kind}>{kind}</span>
          {status && <Badge status={status} />}
        </div>
      </div>
      {status?.state === 'running' && <Progress value={status.progress} name={task.name} />}
      <Ports inputs={inputs} outputs={own} task={task.name} />
      {layers !== null && <Layers data={data} layers={layers} ports={outputs.slice(own.length)} />}
      {status?.error !== undefined && status.error !== '' && (
        <div className="dlaaw-error" title={status.error}>{status.error}</div>
      )}
    </div>
  );
});

function Ports(props: { inputs: PortInfo[]; outputs: PortInfo[]; task: string }): React.JSX.Element {
  const { inputs, outputs, task } = props;
  const rows = Array.from({ length: Math.max(inputs.length, outputs.length) }, (_, row) => row);
  return (
    <div className="dlaaw-ports">
      {rows.map(row => (
        <div className="dlaaw-row" key={row}>
          <Port port={inputs[row]} side="input" task={task} />
          <Port port={outputs[row]} side="output" task={task} />
        </div>
      ))}
    </div>
  );
}

function Port(props: {
  port: PortInfo | undefined; side: 'input' | 'output'; task: string;
}): React.JSX.Element {
  const { port, side, task } = props;
  if (port === undefined) {
    return <span />;
  }
  const open = side === 'input' && port.required === false;
  return (
    <span className={`dlaaw-${side}${open ? ' dlaaw-open' : ''}`}>
      <PortHandle port={port} side={side} task={task} />
      <span className="dlaaw-port-name">{port.name}</span>
    </span>
  );
}

const WORDS: Record<string, string> = {
  initialized: 'waiting', ready: 'ready', running: 'running', finished: 'done', failed: 'failed',
  skipped: 'skipped', cached: 'from cache', cancelled: 'stopped'
};

export function Badge({ status }: { status: NodeStatus }): React.JSX.Element {
  return (
    <span className={`dlaaw-badge dlaaw-badge-${status.state}`}>
      <Icon name={status.state} />
      {WORDS[status.state] ?? status.state}
      {status.seconds !== undefined && <span className="dlaaw-time">{timeText(status.seconds)}</span>}
    </span>
  );
}

/** Write seconds in a few characters. */
export function timeText(seconds: number): string {
  if (seconds < 0.995) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
  }
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function Progress({ value, name }: { value: number | undefined; name: string }): React.JSX.Element {
  const share = value === undefined ? undefined : Math.max(0, Math.min(1, value));
  return (
    <div
      className={`dlaaw-progress${share === undefined ? ' dlaaw-endless' : ''}`}
      role="progressbar"
      aria-label={`Progress of ${name}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}
    >
      <div style={share === undefined ? undefined : { width: `${share * 100}%` }} />
    </div>
  );
}

/** An input or an output of the workflow. */
export const EndNode = memo(function EndNode(props: NodeProps<CanvasNode>): React.JSX.Element {
  const { end, side, type } = props.data as EndData;
  const { lookup } = useActions();
  const input = side === 'inputs';
  const given = 'default' in end ? end.default : undefined;
  const port = { name: end.name, type };
  return (
    <div className={`dlaaw-end dlaaw-end-${side}`} title={lookup.types.get(type)?.description}>
      {!input && <PortHandle port={port} side="input" task="the workflow" />}
      <span className="dlaaw-end-word">{input ? 'input' : 'output'}</span>
      <span className="dlaaw-name">{end.name}</span>
      {given !== undefined && (
        <span className="dlaaw-default">= {typeof given === 'string' ? given : JSON.stringify(given)}</span>
      )}
      {input && <PortHandle port={port} side="output" task="the workflow" />}
    </div>
  );
});
