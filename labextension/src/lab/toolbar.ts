/** The bar above a document: its Python, and the kernel that runs it. */
import {
  type ISessionContext,
  type ISessionContextDialogs,
  Toolbar as SessionItems
} from '@jupyterlab/apputils';
import { caretDownIcon, codeIcon, Toolbar, ToolbarButton } from '@jupyterlab/ui-components';

import type { CommandRegistry } from '@lumino/commands';

import type { Bench } from '../bench/bench';
import { Commands } from './names';

export function addTools(
  toolbar: Toolbar,
  session: ISessionContext,
  dialogs: ISessionContextDialogs,
  bench: Bench,
  commands: CommandRegistry
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
  const exports = new ToolbarButton({
    icon: caretDownIcon,
    label: 'Export',
    tooltip: 'Export this workflow as a picture, Python or a notebook',
    onClick: () => {
      const { left, bottom } = exports.node.getBoundingClientRect();
      void commands.execute(Commands.exportMenu, { x: left, y: bottom });
    }
  });
  toolbar.addItem('code', code);
  toolbar.addItem('export', exports);
  toolbar.addItem('spacer', Toolbar.createSpacerItem());
  toolbar.addItem('kernelName', SessionItems.createKernelNameItem(session, dialogs));
  toolbar.addItem('kernelStatus', SessionItems.createKernelStatusItem(session));
}
