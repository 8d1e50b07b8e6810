/** What is in front of JupyterLab: a workflow, or something else with a kernel. */
import type { ISessionContext } from '@jupyterlab/apputils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';

import type { WorkflowWidget } from './documents';
import { LazyPanel } from './lazy_panel';

export function isWorkflow(widget: Widget | null): widget is WorkflowWidget {
  return widget instanceof DocumentWidget && widget.content instanceof LazyPanel;
}

/** The session of a workflow, a notebook or a console; null for what runs nothing. */
export function sessionOf(widget: Widget | null): ISessionContext | null {
  if (isWorkflow(widget)) {
    return widget.context.sessionContext;
  }
  const found = (widget as { sessionContext?: ISessionContext } | null)?.sessionContext;
  return found?.kernelChanged === undefined ? null : found;
}
