/** The content of a document's tab: it loads the canvas only when a document is shown. */
import type { ISessionContextDialogs } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IPropertyInspector } from '@jupyterlab/property-inspector';
import type { Contents, KernelSpec } from '@jupyterlab/services';
import type { Toolbar } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { PromiseDelegate } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { BoxLayout, Widget } from '@lumino/widgets';

import type { Exported } from '../bench/messages';
import type { WorkflowPanel } from './panel';

/** What of JupyterLab the panel uses. */
export interface Services {
  commands: CommandRegistry;
  kernels: KernelSpec.IManager;
  contents: Contents.IManager;
  dialogs: ISessionContextDialogs | null;
}

export type Context = DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;

export class LazyPanel extends Widget {
  constructor(
    private readonly context: Context,
    private readonly services: Services
  ) {
    super();
    this.addClass('dlaaw-document');
    this.node.tabIndex = -1;
    this.layout = new BoxLayout({ spacing: 0 });
  }

  /** Load the canvas and show the file. */
  async fill(toolbar: Toolbar, inspector: IPropertyInspector | null): Promise<void> {
    const [{ WorkflowPanel }] = await Promise.all([import('./panel'), this.context.ready]);
    if (this.isDisposed) {
      return;
    }
    this.panel = new WorkflowPanel(this.context, this.services, toolbar, inspector);
    (this.layout as BoxLayout).addWidget(this.panel);
    this.filled.resolve();
  }

  run(): Promise<void> | undefined {
    return this.panel?.run('changed');
  }

  /** Give the document as a file of another kind. */
  async exported(kind: string): Promise<Exported> {
    await this.filled.promise;
    return this.panel!.exported(kind);
  }

  stop(): void {
    this.panel?.stop();
  }

  async addFiles(paths: string[]): Promise<void> {
    await this.panel?.addFiles(paths);
  }

  async addProduct(hash: string): Promise<void> {
    await this.panel?.addProduct(hash);
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    if (!this.node.contains(document.activeElement)) {
      this.node.focus({ preventScroll: true });
    }
  }

  private panel: WorkflowPanel | null = null;
  private readonly filled = new PromiseDelegate<void>();
}
