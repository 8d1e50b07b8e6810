/** New documents: from the launcher, from the File menu, from the command palette. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { IMainMenu } from '@jupyterlab/mainmenu';

import { icon } from './icon';
import { CATEGORY, Commands, EXTENSION, FACTORY } from './names';

const KINDS = [
  { kind: 'workflow', label: 'Workflow', caption: 'A new workflow, empty' },
  { kind: 'network', label: 'Network', caption: 'A new neural network, empty' }
];

export const creating: JupyterFrontEndPlugin<void> = {
  id: 'dlaaw-nb:creating',
  description: 'Makes new workflows and networks.',
  autoStart: true,
  optional: [ILauncher, IMainMenu, ICommandPalette, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    launcher: ILauncher | null,
    menu: IMainMenu | null,
    palette: ICommandPalette | null,
    browser: IDefaultFileBrowser | null
  ) => {
    const command = Commands.create;
    app.commands.addCommand(command, {
      label: args => {
        const label = labelOf(args.kind);
        return args.isPalette ? `New ${label}` : label;
      },
      caption: args => KINDS.find(({ kind }) => kind === args.kind)?.caption ?? '',
      icon: args => (args.isPalette ? undefined : icon),
      execute: args => create(app, String(args.kind ?? 'workflow'), folder(args.cwd, browser))
    });
    KINDS.forEach(({ kind }, rank) => {
      launcher?.add({ command, args: { kind }, category: 'Other', rank: 10 + rank });
      palette?.addItem({ command, args: { kind, isPalette: true }, category: CATEGORY });
    });
    menu?.fileMenu.newMenu.addGroup(
      KINDS.map(({ kind }) => ({ command, args: { kind } })),
      40
    );
  }
};

function labelOf(wanted: unknown): string {
  return KINDS.find(({ kind }) => kind === wanted)?.label ?? 'Workflow';
}

function folder(given: unknown, browser: IDefaultFileBrowser | null): string {
  return typeof given === 'string' ? given : (browser?.model.path ?? '');
}

async function create(app: JupyterFrontEnd, kind: string, path: string): Promise<unknown> {
  const { documentText, emptyDocument } = await import('../model/document');
  const contents = app.serviceManager.contents;
  const made = await contents.newUntitled({ path, type: 'file', ext: EXTENSION });
  await contents.save(made.path, {
    type: 'file',
    format: 'text',
    content: documentText(emptyDocument(kind))
  });
  return app.commands.execute('docmanager:open', { path: made.path, factory: FACTORY });
}
