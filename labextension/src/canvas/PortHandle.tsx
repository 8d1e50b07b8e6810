import { Handle, Position } from '@xyflow/react';
import type { PortInfo } from '../model/types';
import { shapeLabel } from './graph';

interface Props {
  port: PortInfo;
  side: 'input' | 'output';
  task: string;
  id?: string;
}

const COLOURS = 8;
const FIXED: Record<string, number> = {
  any: 0, table: 1, dataset: 2, model: 3, prediction: 4, activations: 5, array: 5, file: 6, figure: 7
};

/** Number of the colour of a type; the same for the same name everywhere. */
export function typeColour(type: string): number {
  if (type in FIXED) {
    return FIXED[type];
  }
  let sum = 0;
  for (const mark of type) {
    sum = (sum * 31 + mark.codePointAt(0)!) % 9973;
  }
  return sum % COLOURS;
}

/** One end that edges are drawn from or to. */
export function PortHandle({ port, side, task, id }: Props): React.JSX.Element {
  const shape = shapeLabel(port);
  const text = `${port.type}${shape ? `, ${shape}` : ''}`;
  const many = port.many ? ', takes several' : '';
  const open = side === 'input' && port.required === false ? ', may stay open' : '';
  return (
    <Handle
      id={id ?? port.name}
      type={side === 'input' ? 'target' : 'source'}
      position={side === 'input' ? Position.Left : Position.Right}
      className={`dlaaw-port dlaaw-type-${typeColour(port.type)}${port.many ? ' dlaaw-many' : ''}`}
      data-type={port.type}
      role="button"
      tabIndex={-1}
      aria-label={`${side} ${port.name} of ${task}: ${text}${many}${open}`}
      title={`${port.name}: ${text}${many}${open}`}
    />
  );
}
