import type { CanvasProps } from './props';

export function Canvas(props: CanvasProps): JSX.Element {
  return <div className="dlaaw-canvas">{props.document.name}</div>;
}
