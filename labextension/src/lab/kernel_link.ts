/** Keeps a bench in touch with the kernel of a session, whichever that is. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage as Wire, KernelSpec } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';

import { COMM } from '../bench/messages';

const SERVE = "__import__('dlaaw_nb.notebook.bench', fromlist=['serve']).serve()";
const GONE = 'The kernel ended while this ran. Choose Run to start again: what was done is reused.';
const DOWN: Kernel.Status[] = ['restarting', 'autorestarting', 'dead', 'terminating'];

/** Who speaks to the kernel: the bench of a document, or the sidebar. */
export interface Talker<Asked, Told> {
  readonly connected: boolean;
  connect(send: (message: Asked) => void): void;
  disconnect(reason: string | null): void;
  receive(message: Told): void;
}

export class KernelLink<Asked extends object, Told> {
  constructor(
    private readonly session: ISessionContext,
    private readonly kernels: KernelSpec.IManager,
    private readonly bench: Talker<Asked, Told>,
    private readonly onNote: (note: string | null) => void,
    /** Whether nobody else speaks over this session: one of a notebook is its own. */
    private readonly alone = true
  ) {
    session.kernelChanged.connect(this.onKernel, this);
    session.statusChanged.connect(this.onStatus, this);
    void this.attach();
  }

  /**
   * Start a kernel where there is none, and wait until it answers.
   *
   * @param choose - Asks the person; called where no kernel speaks Python.
   * @returns Whether one answers.
   */
  async ensure(choose: () => Promise<void>): Promise<boolean> {
    await this.session.ready;
    if (!this.session.session?.kernel) {
      this.onNote('A kernel is starting');
      const name = await this.python();
      const { kernelPreference } = this.session;
      this.session.kernelPreference = { ...kernelPreference, canStart: true, shouldStart: true };
      await (name === null ? choose() : this.session.changeKernel({ name }));
    }
    await this.attach();
    return this.bench.connected;
  }

  dispose(): void {
    this.session.kernelChanged.disconnect(this.onKernel, this);
    this.session.statusChanged.disconnect(this.onStatus, this);
    this.detach(null);
  }

  private async python(): Promise<string | null> {
    await this.kernels.ready;
    const specs = this.kernels.specs;
    const names = [specs?.default ?? '', ...Object.keys(specs?.kernelspecs ?? {})];
    const speaks = (name: string) => specs?.kernelspecs[name]?.language === 'python';
    return names.find(speaks) ?? null;
  }

  private onKernel(): void {
    this.detach(GONE);
    void this.attach();
  }

  private onStatus(_: unknown, status: Kernel.Status): void {
    if (DOWN.includes(status)) {
      this.detach(GONE);
    } else if (status === 'idle') {
      void this.attach();
    }
  }

  private detach(reason: string | null): void {
    this.attaching = null;
    this.refused = false;
    this.comm?.dispose();
    this.comm = null;
    this.bench.disconnect(reason);
  }

  private attach(): Promise<void> {
    const kernel = this.session.session?.kernel;
    if (!kernel || this.comm !== null || this.refused) {
      return Promise.resolve();
    }
    const attaching = (this.attaching ??= this.open(kernel).finally(() => {
      if (this.attaching === attaching) {
        this.attaching = null;
      }
    }));
    return attaching;
  }

  private async open(kernel: Kernel.IKernelConnection): Promise<void> {
    // In a page one connection to a kernel takes all comms, the first one. That is for notebooks:
    // their widgets would be lost. What our own comm says is read from what every connection gets.
    if (this.alone) {
      kernel.handleComms = false;
    }
    let reply;
    try {
      const options = { code: SERVE, silent: true, store_history: false, stop_on_error: false };
      reply = await kernel.requestExecute(options).done;
    } catch {
      return; // it ended or started again; its next status tells
    }
    if (this.session.session?.kernel?.id !== kernel.id || kernel.isDisposed) {
      return;
    }
    if (reply.content.status !== 'ok') {
      this.refused = true;
      this.onNote(refusal(this.session.kernelDisplayName, reply.content));
      return;
    }
    const handles = kernel.handleComms;
    kernel.handleComms = true; // for as long as it takes to make one
    const comm = kernel.createComm(COMM);
    kernel.handleComms = handles;
    kernel.iopubMessage.connect(this.listen, this);
    this.talk(comm);
  }

  private listen(sender: Kernel.IKernelConnection, message: Wire.IIOPubMessage): void {
    const { comm_id, data } = message.content as { comm_id?: string; data?: unknown };
    if (this.comm === null || comm_id !== this.comm.commId) {
      return;
    }
    if (message.header.msg_type === 'comm_msg') {
      this.bench.receive(data as Told);
    } else if (message.header.msg_type === 'comm_close') {
      sender.iopubMessage.disconnect(this.listen, this);
      this.detach(GONE);
    }
  }

  private talk(comm: Kernel.IComm): void {
    this.comm = comm;
    comm.open();
    this.onNote(null);
    this.bench.connect(message => void comm.send(message as unknown as JSONObject));
  }

  private comm: Kernel.IComm | null = null;
  private attaching: Promise<void> | null = null;
  private refused = false;
}

function refusal(kernel: string, content: object): string {
  const { ename, evalue } = content as { ename?: string; evalue?: string };
  const reason = ename === undefined ? '' : ` (${ename}: ${evalue})`;
  return `${kernel}: this kernel cannot run workflows${reason}. Choose another one, or install dlaaw_nb for it.`;
}
