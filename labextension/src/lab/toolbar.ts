/** The bar above a document: run, stop, code, and the kernel that does it. */
import {
  type ISessionContext,
  type ISessionContextDialogs,
  Toolbar as SessionItems
} from '@jupyterlab/apputils';
import { codeIcon, runIcon, stopIcon, Toolbar, ToolbarButton } from '@jupyterlab/ui-components';

import type { Bench } from '../bench/bench';

export function addTools(
  toolbar: Toolbar,
  session: ISessionContext,
  dialogs: ISessionContextDialogs,
  bench: Bench,
  onRun: () => void
): void {
  const run = new ToolbarButton({
    icon: runIcon,
    label: 'Run all',
    tooltip: 'Run all tasks; starts a kernel where there is none',
    onClick: onRun
  });
  const stop = new ToolbarButton({
    icon: stopIcon,
    label: 'Stop',
    tooltip: 'Stop the run',
    enabled: false,
    onClick: () => bench.stop()
  });
  const code = new ToolbarButton({
    icon: codeIcon,
    label: 'Python',
    tooltip: 'Show this workflow as Python (needs a kernel)',
    enabled: false,
    onClick: () => bench.writeCode()
  });
  bench.subscribe(() => {
    run.enabled = !bench.now.running;
    stop.enabled = bench.now.running;
    code.enabled = bench.connected;
  });
  toolbar.addItem('run', run);
  toolbar.addItem('stop', stop);
  toolbar.addItem('code', code);
  toolbar.addItem('spacer', Toolbar.createSpacerItem());
  toolbar.addItem('kernelName', SessionItems.createKernelNameItem(session, dialogs));
  toolbar.addItem('kernelStatus', SessionItems.createKernelStatusItem(session));
}
