export { Canvas } from './Canvas';
export type { CanvasHandle, CanvasProps, ClientPoint, RunWhat } from './props';
