/** Exports of the document in front, from the File menu, the palette and the document's toolbar. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { Menu } from '@lumino/widgets';

import { CATEGORY, Commands } from './names';
import { IWorkflows } from './tracker';

const KINDS = [
  { kind: 'svg', label: 'SVG Picture' },
  { kind: 'png', label: 'PNG Picture' },
  { kind: 'py', label: 'Python' },
  { kind: 'ipynb', label: 'Notebook' }
];

export const exporting: JupyterFrontEndPlugin<void> = {
  id: 'dlaaw-nb:exporting',
  description: 'Exports workflows as pictures, Python and notebooks.',
  autoStart: true,
  requires: [IWorkflows],
  optional: [IMainMenu, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    workflows: IWorkflows,
    menu: IMainMenu | null,
    palette: ICommandPalette | null
  ) => {
    addCommands(app, workflows);
    const choices = exportMenu(app);
    app.commands.addCommand(Commands.exportMenu, {
      label: 'Export the workflow',
      execute: args => choices.open(Number(args.x ?? 0), Number(args.y ?? 0))
    });
    menu?.fileMenu.addGroup([{ type: 'submenu', submenu: exportMenu(app) }], 25);
    for (const { kind } of KINDS) {
      const args = { kind, isPalette: true };
      palette?.addItem({ command: Commands.exportAs, args, category: CATEGORY });
    }
    palette?.addItem({ command: Commands.openInNotebook, category: CATEGORY });
  }
};

function addCommands(app: JupyterFrontEnd, workflows: IWorkflows): void {
  const { commands, serviceManager, shell } = app;
  const front = () =>
    workflows.currentWidget === shell.currentWidget ? workflows.currentWidget : null;
  const isEnabled = () => front() !== null;
  commands.addCommand(Commands.exportAs, {
    label: args => {
      const label = KINDS.find(({ kind }) => kind === args.kind)?.label ?? 'Python';
      return args.isPalette ? `Export Workflow As ${label}` : label;
    },
    isEnabled,
    execute: async args => {
      const widget = front();
      const { exportFile } = await import('./export_file');
      return widget && exportFile(widget, serviceManager.contents, commands, String(args.kind));
    }
  });
  commands.addCommand(Commands.openInNotebook, {
    label: 'Open in Notebook',
    caption: 'Write this workflow as a notebook beside it, and open that on the same kernel',
    isEnabled,
    execute: async () => {
      const widget = front();
      const { openInNotebook } = await import('./export_file');
      return widget && openInNotebook(widget, serviceManager.contents, commands);
    }
  });
}

function exportMenu(app: JupyterFrontEnd): Menu {
  const menu = new Menu({ commands: app.commands });
  menu.title.label = 'Export Workflow As';
  KINDS.forEach(({ kind }) => menu.addItem({ command: Commands.exportAs, args: { kind } }));
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: Commands.openInNotebook });
  return menu;
}
