/** Keeps a bench in touch with the kernel of a session, whichever that is. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage as Wire, KernelSpec } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';

import { COMM } from '../bench/messages';

const SERVE = "__import__('dlaaw_nb.notebook.bench', fromlist=['serve']).serve()";
const GONE = 'The kernel ended while this ran. Choose Run to start again: what was done is reused.';
const NONE = 'No kernel runs here. Choose one, then try again.';
const SILENT = 'The kernel did not answer. Try again, or choose another one.';
const DOWN: Kernel.Status[] = ['restarting', 'autorestarting', 'dead', 'terminating'];
const COMING: string[] = ['starting', 'restarting', 'autorestarting'];

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
   * One that is being chosen or restarted is waited for. To ask for a second one beside it would
   * end the first, and that may be the kernel of a notebook.
   *
   * @param choose - Asks the person; called where no kernel speaks Python.
   * @returns Whether one answers.
   */
  async ensure(choose: () => Promise<void>): Promise<boolean> {
    await this.session.ready;
    const name = await this.python();
    await this.settled();
    if (!this.kernel) {
      this.onNote('A kernel is starting');
      await (name === null ? choose() : this.start(name));
    }
    return this.answers();
  }

  dispose(): void {
    this.disposed = true;
    this.session.kernelChanged.disconnect(this.onKernel, this);
    this.session.statusChanged.disconnect(this.onStatus, this);
    this.detach(null);
    this.wake();
  }

  private get kernel(): Kernel.IKernelConnection | null {
    return this.session.session?.kernel ?? null;
  }

  private async start(name: string): Promise<void> {
    const { kernelPreference } = this.session;
    this.session.kernelPreference = { ...kernelPreference, canStart: true, shouldStart: true };
    await this.session.changeKernel({ name });
  }

  /** Wait for an answer; a kernel that takes another one's place meanwhile is asked in its turn. */
  private async answers(): Promise<boolean> {
    for (;;) {
      await this.settled();
      const { kernel } = this;
      await this.attach();
      if (this.bench.connected || this.refused || this.disposed) {
        return this.bench.connected;
      }
      if (this.kernel === kernel && !this.coming && this.attaching === null) {
        this.onNote(kernel ? SILENT : NONE);
        return false;
      }
    }
  }

  /** Whether a kernel is on its way: JupyterLab says so before there is a session. */
  private get coming(): boolean {
    const seen = [this.status, this.session.kernelDisplayStatus];
    return !this.disposed && seen.some(status => COMING.includes(status));
  }

  private async settled(): Promise<void> {
    while (this.coming) {
      this.onNote('The kernel is getting ready');
      await new Promise<void>(resolve => this.waiting.push(resolve));
    }
  }

  private wake(): void {
    this.waiting.splice(0).forEach(resolve => resolve());
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
    this.wake();
  }

  private onStatus(_: unknown, status: Kernel.Status): void {
    this.status = status;
    if (DOWN.includes(status)) {
      this.detach(GONE);
    } else if (status === 'idle') {
      void this.attach();
    }
    this.wake();
  }

  private detach(reason: string | null): void {
    this.attaching = null;
    this.turn = null;
    this.refused = false;
    this.comm?.dispose();
    this.comm = null;
    this.bench.disconnect(reason);
  }

  private attach(): Promise<void> {
    const { kernel } = this;
    if (!kernel || this.disposed || this.comm !== null || this.refused) {
      return Promise.resolve();
    }
    if (this.attaching === null) {
      const turn = (this.turn = {});
      const attaching = this.open(kernel, turn).finally(() => {
        if (this.attaching === attaching) {
          this.attaching = null;
        }
      });
      this.attaching = attaching;
    }
    return this.attaching;
  }

  /** Ask the kernel for its side; where the link was cut meanwhile, the next turn does. */
  private async open(kernel: Kernel.IKernelConnection, turn: object): Promise<void> {
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
    if (turn !== this.turn || this.kernel !== kernel || kernel.isDisposed) {
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
  /** The attempt that counts; the answer to one of before must not make a second comm. */
  private turn: object | null = null;
  private refused = false;
  private disposed = false;
  private status: string = '';
  private waiting: (() => void)[] = [];
}

function refusal(kernel: string, content: object): string {
  const { ename, evalue } = content as { ename?: string; evalue?: string };
  const reason = ename === undefined ? '' : ` (${ename}: ${evalue})`;
  return `${kernel}: this kernel cannot run workflows${reason}. Choose another one, or install dlaaw_nb for it.`;
}
