/** "Add file to workflow...": the same as dragging one there, by keyboard and menus. */
import {
  ILabShell,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { FileDialog, IDefaultFileBrowser } from '@jupyterlab/filebrowser';

import type { WorkflowWidget } from './documents';
import { isWorkflow } from './fronts';
import { icon } from './icon';
import { CATEGORY, Commands } from './names';

const FILES = '.jp-DirListing-item[data-isdir="false"]';

export const adding: JupyterFrontEndPlugin<void> = {
  id: 'dlaaw-nb:adding',
  description: 'Adds files to a workflow from the file browser and the command palette.',
  autoStart: true,
  requires: [ILabShell],
  optional: [IDefaultFileBrowser, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    shell: ILabShell,
    browser: IDefaultFileBrowser | null,
    palette: ICommandPalette | null
  ) => {
    let last: WorkflowWidget | null = null;
    const workflow = () => (last === null || last.isDisposed ? null : last);
    shell.currentChanged.connect((_, { newValue }) => {
      last = isWorkflow(newValue) ? newValue : last;
    });
    app.commands.addCommand(Commands.addFile, {
      label: 'Add file to workflow\u2026',
      caption: 'Add a task that reads the file to the workflow that was in front last',
      icon,
      isEnabled: () => workflow() !== null && browser !== null,
      execute: async args => {
        const target = workflow();
        const paths = args.chosen === true ? chosen(browser) : await asked(browser);
        if (target !== null && paths.length > 0) {
          shell.activateById(target.id);
          await target.content.addFiles(paths);
        }
      }
    });
    app.contextMenu.addItem({
      command: Commands.addFile, args: { chosen: true }, selector: FILES, rank: 4
    });
    palette?.addItem({ command: Commands.addFile, category: CATEGORY });
  }
};

function chosen(browser: IDefaultFileBrowser | null): string[] {
  return [...(browser?.selectedItems() ?? [])].map(item => item.path);
}

async function asked(browser: IDefaultFileBrowser | null): Promise<string[]> {
  if (browser === null) {
    return [];
  }
  const { value } = await FileDialog.getOpenFiles({
    manager: browser.model.manager,
    title: 'Add files to the workflow'
  });
  return (value ?? []).filter(item => item.type !== 'directory').map(item => item.path);
}
