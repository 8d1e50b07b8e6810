/** What the sidebar shows: an accordion of runs, data products and targets. */
import { SessionContextDialogs, type ISessionContext, type ISessionContextDialogs } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage, KernelSpec } from '@jupyterlab/services';
import { refreshIcon, SidePanel, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';

import { nameOf, ProductList } from '../bench/ProductList';
import { RunList } from '../bench/RunList';
import { StoreClient } from '../bench/store_client';
import type { ListedProduct, RunDetails, StoreNews, StoreQuestion } from '../bench/store_messages';
import '../bench/styles';
import '../../style/sidebar.css';
import { TargetList } from '../bench/TargetList';
import { useStore } from '../bench/use_store';
import { whenText } from '../bench/words';
import { Drawn } from './drawn';
import { KernelLink } from './kernel_link';
import type { LazyPanel } from './lazy_panel';
import { comparisonTab, looksTab } from './viewer';

export interface StoreServices {
  kernels: KernelSpec.IManager;
  dialogs: ISessionContextDialogs | null;
  /** Show a widget in the main area. */
  show: (widget: Widget) => void;
  /** The workflow that was in front last, if it is still open. */
  workflow: () => LazyPanel | null;
}

export class StorePanel extends SidePanel {
  constructor(private readonly services: StoreServices) {
    super();
    this.addClass('dlaaw-side-panel');
    this.top = new Drawn(() => <this.Top />);
    this.header.addWidget(this.top);
    this.section('Runs', () => (
      <RunList
        client={this.client}
        onOutputs={details => void this.openOutputs(details)}
        onCompare={runs => void this.compare(runs)}
      />
    ));
    this.section('Data products', () => (
      <ProductList
        client={this.client}
        onAdd={hash => void this.addProduct(hash)}
        onOpen={product => void this.openProduct(product)}
      />
    ));
    this.section('Targets', () => <TargetList client={this.client} />);
  }

  /** Show what the kernel of a session knows. */
  follow(session: ISessionContext, owner: Widget): void {
    if (session === this.session) {
      return;
    }
    this.leave();
    this.session = session;
    this.owner = owner;
    owner.disposed.connect(this.leave, this);
    session.iopubMessage.connect(this.onMessage, this);
    session.statusChanged.connect(this.onStatus, this);
    this.attach();
    this.top.update();
  }

  /** Whether somebody looks: nothing is asked while nobody does. */
  watch(seen: boolean): void {
    this.seen = seen;
    this.client.watch(seen);
    this.attach();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.leave();
      super.dispose();
    }
  }

  private attach(): void {
    if (this.seen && this.session !== null) {
      this.link ??= new KernelLink(this.session, this.services.kernels, this.client, note => {
        this.note = note;
        this.top.update();
      }, false);
    }
  }

  private leave(): void {
    this.link?.dispose();
    this.link = null;
    this.note = null;
    this.owner?.disposed.disconnect(this.leave, this);
    this.session?.iopubMessage.disconnect(this.onMessage, this);
    this.session?.statusChanged.disconnect(this.onStatus, this);
    this.session = null;
    this.owner = null;
    this.top.update();
  }

  /** A cell may have run a workflow; our own questions are no cells. */
  private onMessage(_: unknown, message: KernelMessage.IMessage): void {
    this.ran ||= message.header.msg_type === 'execute_input';
  }

  private onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'idle' && this.ran) {
      this.ran = false;
      this.client.refresh();
    }
  }

  private readonly Top = (): JSX.Element => {
    const { connected, fault } = useStore(this.client);
    const name = this.owner?.title.label ?? '';
    return (
      <div className="dlaaw-side-top">
        <p role="status">{this.headline(connected, name)}</p>
        {connected && (
          <ToolbarButtonComponent
            icon={refreshIcon} tooltip="Refresh" onClick={() => this.client.refresh()}
          />
        )}
        {!connected && this.session !== null && (
          <button
            type="button" className="jp-mod-styled" onClick={() => void this.start()}
          >
            Start a kernel
          </button>
        )}
        {fault && <p className="dlaaw-side-error" role="alert">{fault}</p>}
      </div>
    );
  };

  private headline(connected: boolean, name: string): string {
    if (this.session === null) {
      return 'Open a workflow or a notebook: what its kernel has run is listed here.';
    }
    if (connected) {
      return `As the kernel of ${name} sees it`;
    }
    return this.note ?? `No kernel runs for ${name}.`;
  }

  private async start(): Promise<void> {
    const { session } = this;
    if (session === null) {
      return;
    }
    this.attach();
    const dialogs = this.services.dialogs ?? new SessionContextDialogs();
    try {
      await this.link?.ensure(async () => void (await dialogs.selectKernel(session)));
    } catch (error) {
      this.client.complain(`The kernel did not start: ${error}`);
    }
  }

  private async compare(runs: [string, string]): Promise<void> {
    await this.tried(async () =>
      this.services.show(comparisonTab(await this.client.ask('compare', { runs })))
    );
  }

  private async openOutputs({ outputs, workflow, started }: RunDetails): Promise<void> {
    await this.tried(async () => {
      const looks = [];
      for (const { name, hash } of outputs) {
        looks.push({ name, look: await this.client.ask('product', { hash }) });
      }
      this.services.show(looksTab(`${workflow}, ${whenText(started)}`, looks));
    });
  }

  private async openProduct(product: ListedProduct): Promise<void> {
    await this.tried(async () => {
      const look = await this.client.ask('product', { hash: product.hash });
      this.services.show(looksTab(nameOf(product), [{ name: nameOf(product), look }]));
    });
  }

  private async addProduct(hash: string): Promise<void> {
    const workflow = this.services.workflow();
    if (workflow === null) {
      this.client.complain('Open the workflow to which it is to be added, then choose this again.');
    } else {
      await this.tried(() => workflow.addProduct(hash));
    }
  }

  private async tried(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.client.complain(error instanceof Error ? error.message : String(error));
    }
  }

  private section(label: string, draw: () => JSX.Element): void {
    const widget = new Drawn(draw);
    widget.title.label = label;
    widget.addClass('dlaaw-side-body');
    this.addWidget(widget);
  }

  private readonly client = new StoreClient();
  private readonly top: Drawn;
  private session: ISessionContext | null = null;
  private owner: Widget | null = null;
  private link: KernelLink<StoreQuestion, StoreNews> | null = null;
  private note: string | null = null;
  private seen = false;
  private ran = false;
}
