export { Canvas } from './Canvas';
export type { CanvasProps, RunWhat } from './props';
