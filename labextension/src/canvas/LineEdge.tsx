import { memo } from 'react';
import { BaseEdge, getBezierPath } from '@xyflow/react';
import type { EdgeProps } from '@xyflow/react';
import type { CanvasEdge } from './graph';
import { typeColour } from './PortHandle';

/** An edge with its shape, or its type where no shape is known. */
export const LineEdge = memo(function LineEdge(props: EdgeProps<CanvasEdge>): React.JSX.Element {
  const [path, x, y] = getBezierPath(props);
  const { type, label, bad, edge } = props.data!;
  const live = edge?.live === true;
  const shaped = label !== type;
  return (
    <g className={`dlaaw-edge dlaaw-type-${typeColour(type)}${bad ? ' dlaaw-bad' : ''}${live ? ' dlaaw-live' : ''}`}>
      <BaseEdge id={props.id} path={path} interactionWidth={16} />
      <text className={shaped ? 'dlaaw-edge-shape' : 'dlaaw-edge-type'} x={x} y={y - 5} textAnchor="middle">
        {live ? `${label} live` : label}
      </text>
    </g>
  );
});
