/** The bar above a document: its Python, and the kernel that runs it. */
import {
  type ISessionContext,
  type ISessionContextDialogs,
  Toolbar as SessionItems
} from '@jupyterlab/apputils';
import { codeIcon, Toolbar, ToolbarButton } from '@jupyterlab/ui-components';

import type { Bench } from '../bench/bench';

export function addTools(
  toolbar: Toolbar,
  session: ISessionContext,
  dialogs: ISessionContextDialogs,
  bench: Bench
): void {
  const code = new ToolbarButton({
    icon: codeIcon,
    label: 'Python',
    tooltip: 'Show this workflow as Python (needs a kernel)',
    enabled: false,
    onClick: () => bench.writeCode()
  });
  bench.subscribe(() => {
    code.enabled = bench.connected;
  });
  toolbar.addItem('code', code);
  toolbar.addItem('spacer', Toolbar.createSpacerItem());
  toolbar.addItem('kernelName', SessionItems.createKernelNameItem(session, dialogs));
  toolbar.addItem('kernelStatus', SessionItems.createKernelStatusItem(session));
}
