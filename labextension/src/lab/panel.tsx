/** The canvas of a document, and the results below it. */
import { SessionContextDialogs } from '@jupyterlab/apputils';
import { ReactWidget, type Toolbar } from '@jupyterlab/ui-components';
import { SplitPanel, type Widget } from '@lumino/widgets';

import { Bench, type Memory, type RunWhat } from '../bench/bench';
import '../bench/styles';
import { Results } from '../bench/Results';
import type { Exported } from '../bench/messages';
import { useBench } from '../bench/use_bench';
import { Canvas } from '../canvas';
import { BUILT_IN } from '../bench/built_in';
import { Binding } from './binding';
import { ErrorPage } from './ErrorPage';
import { KernelLink } from './kernel_link';
import type { Context, Services } from './lazy_panel';
import { TEXT_EDITOR } from './names';
import { OwnCode } from './own_code';
import { addTools } from './toolbar';

/** Draws a new element at each update; React skips one that is the same object. */
class Drawn extends ReactWidget {
  constructor(private readonly draw: () => JSX.Element) {
    super();
  }

  protected render(): JSX.Element {
    return this.draw();
  }
}

export class WorkflowPanel extends SplitPanel {
  constructor(
    private readonly context: Context,
    private readonly services: Services,
    toolbar: Toolbar
  ) {
    super({ orientation: 'vertical', spacing: 4 });
    this.addClass('dlaaw-panel');
    this.bench = new Bench(BUILT_IN, memoryOf(context));
    this.binding = new Binding(context, () => this.onDocument());
    this.canvas = new Drawn(() => <this.Drawing />);
    this.canvas.addClass('dlaaw-panel-canvas');
    this.results = new Drawn(() => <this.Answers />);
    this.results.addClass('dlaaw-panel-results');
    this.results.hide();
    this.addWidget(this.canvas);
    this.addWidget(this.results);
    this.setRelativeSizes([0.65, 0.35]);
    this.unsubscribe = this.bench.subscribe(() => this.onBench());
    const session = context.sessionContext;
    this.link = new KernelLink(session, services.kernels, this.bench, note => this.tell(note));
    addTools(toolbar, session, this.dialogs, this.bench, services.commands);
    this.ownCode = new OwnCode(context, this.bench, this.binding);
    this.bench.edit(this.binding.document);
  }

  /** Run the workflow; a kernel is started where there is none. */
  async run(what: RunWhat, name?: string): Promise<void> {
    if (this.binding.document === null || this.bench.now.running) {
      return;
    }
    this.results.show();
    try {
      if (await this.ensure()) {
        this.bench.run(what, name);
      }
    } catch (error) {
      this.bench.complain(`The kernel did not start: ${error}`);
    }
  }

  /** Give the document as a file of another kind; a kernel is started where there is none. */
  async exported(kind: string): Promise<Exported> {
    if (!(await this.ensure())) {
      throw new Error(this.note ?? 'no kernel answers');
    }
    return this.bench.exported(kind);
  }

  stop(): void {
    this.bench.stop();
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
        onSelect={names => this.bench.look(names.length === 1 ? names[0] : null)}
        onRun={(what, name) => void this.run(what, name)}
        onStop={() => this.stop()}
        running={state.running}
      />
    );
  };

  private readonly Answers = (): JSX.Element => (
    <Results
      state={useBench(this.bench)}
      note={this.note}
      own={this.binding.document?.code}
      onTrust={() => this.bench.trust()}
    />
  );

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
    const { running, ended, fault, code, course } = this.bench.now;
    if (running || ended || fault || code !== null || course) {
      this.results.show();
    }
  }

  private tell(note: string | null): void {
    this.note = note;
    this.results.update();
  }

  private readonly bench: Bench;
  private readonly binding: Binding;
  private readonly link: KernelLink;
  private readonly ownCode: OwnCode;
  private readonly canvas: Widget;
  private readonly results: Widget;
  private readonly dialogs = this.services.dialogs ?? new SessionContextDialogs();
  private readonly unsubscribe: () => void;
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
