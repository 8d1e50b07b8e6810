/** A network or model of another system, drawn by the kernel's word; the file is never written. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification, SessionContextDialogs } from '@jupyterlab/apputils';
import { ReactWidget, type Toolbar, ToolbarButton } from '@jupyterlab/ui-components';

import { Bench } from '../bench/bench';
import { BUILT_IN } from '../bench/built_in';
import '../bench/styles';
import type { ClientMessage, KernelMessage } from '../bench/messages';
import { Canvas } from '../canvas';
import { DocumentError, documentText } from '../model/document';
import type { WorkflowDocument } from '../model/types';
import { saveBeside } from './beside';
import { ErrorPage } from './ErrorPage';
import { DocumentTalk } from './document_talk';
import { KernelLink } from './kernel_link';
import type { Context } from './lazy_panel';
import { EXTENSION, FACTORY, TEXT_EDITOR } from './names';
import { MAX_CHARACTERS } from './reading';

const READ_ONLY = 'Read-only: this is a file of another system';

export class ForeignPanel extends ReactWidget {
  constructor(
    private readonly context: Context,
    private readonly app: JupyterFrontEnd,
    toolbar: Toolbar
  ) {
    super();
    this.addClass('dlaaw-panel-canvas');
    const kernels = app.serviceManager.kernelspecs;
    this.link = new KernelLink(context.sessionContext, kernels, this.talk, note => {
      this.note = note;
      this.update();
    });
    this.save = new ToolbarButton({
      label: 'Save as a workflow',
      tooltip: 'Write it as a workflow beside this file, which can be edited and run',
      enabled: false,
      onClick: () => void this.saveWorkflow()
    });
    const words = ReactWidget.create(<span className="dlaaw-read-only-note">{READ_ONLY}</span>);
    toolbar.addItem('readOnly', words);
    toolbar.addItem('saveAsWorkflow', this.save);
    context.model.contentChanged.connect(this.convert, this);
    void this.convert();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.context.model.contentChanged.disconnect(this.convert, this);
      this.link.dispose();
      this.bench.dispose();
      super.dispose();
    }
  }

  protected render(): JSX.Element {
    const { path } = this.context;
    if (this.fault !== null) {
      const open = () => void this.app.commands.execute('docmanager:open', { path, factory: TEXT_EDITOR });
      return <ErrorPage path={path} fault={this.fault} onOpenText={open} />;
    }
    if (this.drawn === null) {
      return (
        <p className="dlaaw-read-only-note" role="status">
          {this.note ?? 'The file is being read'}
        </p>
      );
    }
    const { catalogue } = this.bench.now;
    return <Canvas document={this.drawn} catalogue={catalogue} onChange={() => undefined} readOnly />;
  }

  private async convert(): Promise<void> {
    const text = this.context.model.sharedModel.getSource();
    try {
      if (text.length > MAX_CHARACTERS) {
        throw new DocumentError('large', `It has ${text.length.toLocaleString('en')} characters.`);
      }
      const dialogs = new SessionContextDialogs();
      const choose = async () => void (await dialogs.selectKernel(this.context.sessionContext));
      if (!(await this.link.ensure(choose))) {
        throw new Error(this.note ?? 'No kernel reads it. Choose one that has dlaaw_nb.');
      }
      const { document } = await this.talk.converted(text, this.context.path);
      this.draw(document, null);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.draw(null, error instanceof DocumentError ? error : new DocumentError('strange', reason));
    }
  }

  private draw(document: WorkflowDocument | null, fault: DocumentError | null): void {
    this.drawn = document;
    this.fault = fault;
    this.save.enabled = document !== null;
    this.update();
  }

  private async saveWorkflow(): Promise<void> {
    const { commands, serviceManager } = this.app;
    const text = documentText(this.drawn!);
    const file = { type: 'file' as const, format: 'text' as const, content: text };
    try {
      const suffix = EXTENSION.slice(1);
      const path = await saveBeside(serviceManager.contents, this.context.path, suffix, file);
      await commands.execute('docmanager:open', { path, factory: FACTORY });
    } catch (error) {
      Notification.error(`The workflow was not written: ${error}`, { autoClose: false });
    }
  }

  private readonly bench = new Bench(BUILT_IN);
  private readonly talk = new DocumentTalk(this.bench);
  private readonly link: KernelLink<ClientMessage, KernelMessage>;
  private readonly save: ToolbarButton;
  private drawn: WorkflowDocument | null = null;
  private fault: DocumentError | null = null;
  private note: string | null = null;
}
