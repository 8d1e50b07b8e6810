/** The sidebar at the left: runs, data products and targets of the kernel of what is in front. */
import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, ISessionContextDialogs } from '@jupyterlab/apputils';
import { BoxLayout, Widget } from '@lumino/widgets';

import { isWorkflow, sessionOf } from './fronts';
import { icon } from './icon';
import { CATEGORY, Commands } from './names';
import type { StorePanel } from './store_panel';

const ID = 'dlaaw-sidebar';
const RANK = 600;

/** Loads what it shows when it is shown first; while it is hidden, nothing is asked. */
class Sidebar extends Widget {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly shell: ILabShell,
    private readonly dialogs: ISessionContextDialogs | null
  ) {
    super();
    this.id = ID;
    this.addClass('dlaaw-sidebar');
    this.title.icon = icon;
    this.title.caption = 'DLAaW';
    this.node.setAttribute('aria-label', 'Runs, data products and targets');
    this.node.setAttribute('role', 'region');
    this.layout = new BoxLayout({ spacing: 0 });
    shell.currentChanged.connect((_, { newValue }) => this.follow(newValue));
  }

  protected onBeforeShow(): void {
    this.filling ??= this.fill();
    this.panel?.watch(true);
  }

  protected onAfterHide(): void {
    this.panel?.watch(false);
  }

  private async fill(): Promise<void> {
    const { StorePanel } = await import('./store_panel');
    if (this.isDisposed) {
      return;
    }
    this.panel = new StorePanel({
      kernels: this.app.serviceManager.kernelspecs,
      dialogs: this.dialogs,
      show: widget => {
        this.shell.add(widget, 'main');
        this.shell.activateById(widget.id);
      },
      workflow: () => {
        const widget = this.workflow;
        return widget === null || widget.isDisposed ? null : widget.content;
      }
    });
    (this.layout as BoxLayout).addWidget(this.panel);
    this.follow(this.shell.currentWidget);
    this.panel.watch(this.isVisible);
  }

  /** Stay with the last one that has a kernel while something else is in front. */
  private follow(front: Widget | null): void {
    this.workflow = isWorkflow(front) ? front : this.workflow;
    const session = sessionOf(front);
    if (session !== null && front !== null) {
      this.panel?.follow(session, front);
    }
  }

  private workflow: (Widget & { content: import('./lazy_panel').LazyPanel }) | null = null;
  private filling: Promise<void> | null = null;
  private panel: StorePanel | null = null;
}

export const sidebar: JupyterFrontEndPlugin<void> = {
  id: 'dlaaw-nb:sidebar',
  description: 'Shows runs, data products and targets of a kernel.',
  autoStart: true,
  requires: [ILabShell],
  optional: [ILayoutRestorer, ISessionContextDialogs, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    shell: ILabShell,
    restorer: ILayoutRestorer | null,
    dialogs: ISessionContextDialogs | null,
    palette: ICommandPalette | null
  ) => {
    const widget = new Sidebar(app, shell, dialogs);
    shell.add(widget, 'left', { rank: RANK });
    restorer?.add(widget, ID);
    app.commands.addCommand(Commands.showSidebar, {
      label: 'Show runs, data products and targets',
      execute: () => shell.activateById(ID)
    });
    palette?.addItem({ command: Commands.showSidebar, category: CATEGORY });
  }
};
