/** The canvas of a document, and the results below it. */
import { SessionContextDialogs } from '@jupyterlab/apputils';
import type { IPropertyInspector } from '@jupyterlab/property-inspector';
import type { Toolbar } from '@jupyterlab/ui-components';
import { SplitPanel, type Widget } from '@lumino/widgets';
import { createRef } from 'react';

import { Bench, type Memory, type RunWhat } from '../bench/bench';
import type { ClientMessage, KernelMessage } from '../bench/messages';
import '../bench/styles';
import { Results } from '../bench/Results';
import type { Exported } from '../bench/messages';
import { useBench } from '../bench/use_bench';
import { Canvas, type CanvasHandle, type ClientPoint } from '../canvas';
import { BUILT_IN } from '../bench/built_in';
import { Binding } from './binding';
import { DocumentTalk } from './document_talk';
import { Drawn } from './drawn';
import { acceptFiles } from './dropping';
import { ErrorPage } from './ErrorPage';
import { insertFiles, insertProduct } from './inserting';
import { KernelLink } from './kernel_link';
import type { Context, Services } from './lazy_panel';
import { TEXT_EDITOR } from './names';
import { OwnCode } from './own_code';
import { PropertiesHost } from './properties';
import { addTools } from './toolbar';

export class WorkflowPanel extends SplitPanel {
  constructor(
    private readonly context: Context,
    private readonly services: Services,
    toolbar: Toolbar,
    inspector: IPropertyInspector | null
  ) {
    super({ orientation: 'vertical', spacing: 4 });
    this.addClass('dlaaw-panel');
    this.bench = new Bench(BUILT_IN, memoryOf(context));
    this.talk = new DocumentTalk(this.bench);
    this.binding = new Binding(context, () => this.onDocument());
    this.canvas = new Drawn(() => <this.Drawing />);
    this.canvas.addClass('dlaaw-panel-canvas');
    acceptFiles(this.canvas.node, (paths, at) => void this.addFiles(paths, at));
    this.results = new Drawn(() => <this.Answers />);
    this.results.addClass('dlaaw-panel-results');
    this.results.hide();
    this.addWidget(this.canvas);
    this.addWidget(this.results);
    this.setRelativeSizes([0.65, 0.35]);
    this.unsubscribe = this.bench.subscribe(() => this.onBench());
    const session = context.sessionContext;
    this.link = new KernelLink(session, services.kernels, this.talk, note => this.tell(note));
    addTools(toolbar, session, this.dialogs, this.bench, services.commands);
    this.ownCode = new OwnCode(context, this.bench, this.binding);
    this.bench.edit(this.binding.document);
    this.properties = inspector && new PropertiesHost(inspector, host => this.moveForm(host));
  }

  /** Run the workflow; a kernel is started where there is none. */
  async run(what: RunWhat, name?: string): Promise<void> {
    if (this.binding.document !== null) {
      await this.withKernel(() => this.bench.run(what, name));
    }
  }

  /** Show what is inside of a layer; a kernel is started where there is none. */
  async lookInto(task: string, layer: string): Promise<void> {
    await this.withKernel(() => this.bench.looking.into({ task, layer, row: 0 }));
  }

  /** Give the document as a file of another kind; a kernel is started where there is none. */
  async exported(kind: string): Promise<Exported> {
    const { document } = this.binding;
    if (document === null) {
      throw new Error('The file is no workflow.');
    }
    if (!(await this.ensure())) {
      throw new Error(this.note ?? 'no kernel answers');
    }
    return this.talk.exported(document, kind);
  }

  stop(): void {
    this.bench.stop();
  }

  /** Add tasks that read files, at a place of the page or where there is room. */
  async addFiles(paths: string[], at?: ClientPoint): Promise<void> {
    await this.tried(handle =>
      insertFiles(handle, this.services.contents, this.context.path, paths, at)
    );
  }

  /** Add what takes a data product in; a kernel is started where there is none. */
  async addProduct(hash: string, at?: ClientPoint): Promise<void> {
    await this.tried(async handle => {
      await this.ensure();
      insertProduct(handle, await this.talk.useProduct(hash), at);
    });
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.unsubscribe();
    this.ownCode.dispose();
    this.link.dispose();
    this.binding.dispose();
    this.bench.dispose();
    this.properties?.dispose();
    super.dispose();
  }

  private readonly Drawing = (): JSX.Element => {
    const state = useBench(this.bench);
    const { document, fault } = this.binding;
    if (document === null) {
      return (
        <ErrorPage path={this.context.path} fault={fault!} onOpenText={() => this.openText()} />
      );
    }
    return (
      <Canvas
        document={document}
        catalogue={state.catalogue}
        onChange={edited => this.binding.write(edited)}
        readOnly={this.binding.readOnly}
        status={state.status}
        problems={state.problems}
        told={state.told}
        sought={state.sought}
        targets={state.targets}
        target={state.target}
        onTarget={name => this.bench.runOn(name)}
        onSelect={(names, layer) => this.bench.looking.choose(names, layer)}
        onRun={(what, name) => void this.run(what, name)}
        onStop={() => this.stop()}
        onLookInto={(task, layer) => void this.lookInto(task, layer)}
        running={state.running}
        formHost={this.formHost}
        handle={this.handle}
        onProduct={(hash, at) => void this.addProduct(hash, at)}
      />
    );
  };

  private readonly Answers = (): JSX.Element => (
    <Results
      state={useBench(this.bench)}
      note={this.note}
      own={this.binding.document?.code}
      onTrust={() => this.bench.trust()}
      onRow={row => this.bench.looking.atRow(row)}
      onSeek={task => this.bench.seek(task)}
    />
  );

  private async withKernel(act: () => void): Promise<void> {
    this.results.show();
    try {
      if (await this.ensure()) {
        act();
      }
    } catch (error) {
      this.bench.complain(`The kernel did not start: ${error}`);
    }
  }

  private moveForm(host: HTMLElement | null): void {
    this.formHost = host;
    this.canvas?.update();
  }

  private async tried(step: (handle: CanvasHandle) => Promise<void>): Promise<void> {
    const { current } = this.handle;
    try {
      await (current === null ? undefined : step(current));
    } catch (error) {
      current?.tell(error instanceof Error ? error.message : String(error), true);
    }
  }

  private ensure(): Promise<boolean> {
    const session = this.context.sessionContext;
    return this.link.ensure(async () => void (await this.dialogs.selectKernel(session)));
  }

  private openText(): void {
    const { path } = this.context;
    void this.services.commands.execute('docmanager:open', { path, factory: TEXT_EDITOR });
  }

  private onDocument(): void {
    this.bench.edit(this.binding?.document ?? null);
    this.canvas?.update();
  }

  private onBench(): void {
    const { running, ended, fault, code, course, layer } = this.bench.now;
    if (running || ended || fault || code !== null || course || layer) {
      this.results.show();
    }
  }

  private tell(note: string | null): void {
    this.note = note;
    this.results.update();
  }

  private readonly bench: Bench;
  private readonly talk: DocumentTalk;
  private readonly binding: Binding;
  private readonly link: KernelLink<ClientMessage, KernelMessage>;
  private readonly ownCode: OwnCode;
  private readonly canvas: Widget;
  private readonly handle = createRef<CanvasHandle>();
  private readonly results: Widget;
  private readonly dialogs = this.services.dialogs ?? new SessionContextDialogs();
  private readonly unsubscribe: () => void;
  private readonly properties: PropertiesHost | null;
  private formHost: HTMLElement | null = null;
  private note: string | null = null;
}

/** Remember the run of a file for as long as the browser's tab lives. */
function memoryOf(context: Context): Memory {
  const key = () => `dlaaw-nb:run:${context.path}`;
  return {
    recall: () => sessionStorage.getItem(key()),
    remember: run => sessionStorage.setItem(key(), run)
  };
}
