/** What nodes, palette and forms may do; one object for the life of a canvas. */

import { createContext, useContext } from 'react';
import type { Lookup } from '../model/catalogue';
import type { NodeRef } from '../model/edits';
import type { Edge, Point, WorkflowDocument } from '../model/types';
import type { RunWhat } from './props';

export interface Choice {
  nodes: string[];
  edges: string[];
  /** A layer of the one selected network. */
  layer: string | null;
}

export interface Notice {
  text: string;
  /** Refusals are read at once, the rest when there is time. */
  alert: boolean;
  /** In pixels from the corner of the canvas. */
  at?: Point;
  action?: { label: string; run: () => void };
}

export interface Actions {
  readonly lookup: Lookup;
  /** The document as it is now. */
  document(): WorkflowDocument;
  /** Make an edit; edits at the same place that follow quickly are undone together. */
  edit(change: (document: WorkflowDocument) => WorkflowDocument, place?: string): void;
  select(nodes: NodeRef[], layer?: string | null): void;
  selectLayer(task: string, layer: string): void;
  connect(edge: Edge, at?: Point): void;
  /** Draw the workflow inside of a task; another way leads elsewhere. */
  open(task: string): void;
  /** Add what a palette entry stands for. */
  add(entry: Entry, at?: Drop): void;
  /** Add several nodes in one edit: at a place, or where there is room. */
  insert(make: Insertion, at?: Point): void;
  notify(notice: Notice | null): void;
  run?(what: RunWhat, name?: string): void;
  lookInto?(task: string, layer: string): void;
}

/** Adds nodes to a document, around a place of the canvas. */
export type Insertion = (
  document: WorkflowDocument, lookup: Lookup, place: Point
) => { document: WorkflowDocument; nodes: NodeRef[] };

/** An entry of the palette. */
export interface Entry {
  what: 'task' | 'layer' | 'input';
  kind: string;
}

/** Where an entry was dropped: a place of the canvas, and the network and chain place below it. */
export interface Drop {
  point: Point;
  network?: string;
  place?: number;
}

export const ENTRY_TYPE = 'application/x-dlaaw-entry';
export const LAYER_TYPE = 'application/x-dlaaw-layer';
/** A data product of a store, by its hash. */
export const PRODUCT_TYPE = 'application/x-dlaaw-product';

const ActionsContext = createContext<Actions | null>(null);

export const ActionsProvider = ActionsContext.Provider;

export function useActions(): Actions {
  const actions = useContext(ActionsContext);
  if (actions === null) {
    throw new Error('expected to be inside of a Canvas.');
  }
  return actions;
}
