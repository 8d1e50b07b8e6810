/** The open documents, for the parts of JupyterLab that act on the one in front. */
import type { IWidgetTracker } from '@jupyterlab/apputils';
import { Token } from '@lumino/coreutils';

import type { WorkflowWidget } from './documents';

export type IWorkflows = IWidgetTracker<WorkflowWidget>;
export const IWorkflows = new Token<IWorkflows>(
  'dlaaw-nb:IWorkflows',
  'The documents of workflows that are open.'
);
