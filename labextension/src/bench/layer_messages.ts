/** What the kernel tells of a layer that is looked into. */

export interface KernelFile {
  file: string;
  language: string;
  text: string;
  /** The same, coloured; empty where it is too long for that. */
  html: string;
}

export interface LayerLook {
  task: string;
  layer: string;
  summary: string;
  facts: [string, string][];
  kernel: KernelFile[];
  /** HTML, where the network has been trained. */
  neurons?: string;
  /** The row of the network's data that goes through it, and how many there are. */
  row?: number;
  rows?: number;
  /** Why there are no neurons to see. */
  why?: string;
}

/** A layer as the canvas names it, and the row to look at. */
export interface LayerAsked {
  task: string;
  layer: string;
  row: number;
}
