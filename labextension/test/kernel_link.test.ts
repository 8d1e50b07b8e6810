import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { KernelLink } from '../src/lab/kernel_link';

class Signal {
  connect(slot: (sender: unknown, value: unknown) => void, self: unknown): void {
    this.slots.push(slot.bind(self));
  }
  disconnect(): void {}
  emit(value: unknown): void {
    this.slots.forEach(slot => slot(null, value));
  }
  private slots: ((sender: unknown, value: unknown) => void)[] = [];
}

class Kernel {
  comms = 0;
  handleComms = true;
  isDisposed = false;
  iopubMessage = new Signal();
  answers: { answer: (status: string) => void; fail: () => void }[] = [];
  constructor(readonly id: string) {}
  requestExecute() {
    const done = new Promise((resolve, reject) =>
      this.answers.push({
        answer: status => resolve({ content: { status } }),
        fail: () => reject(new Error('cancelled'))
      })
    );
    return { done };
  }
  createComm() {
    this.comms += 1;
    return { commId: `${this.id}-${this.comms}`, open() {}, send() {}, dispose() {} };
  }
}

/** What JupyterLab's session context tells while kernels are chosen, started and restarted. */
class Session {
  ready = Promise.resolve();
  kernelChanged = new Signal();
  statusChanged = new Signal();
  kernelPreference = {};
  kernelDisplayStatus = 'unknown';
  kernelDisplayName = 'Python';
  session: { kernel: Kernel } | null = null;
  started: string[] = [];
  choosing(): void {
    this.kernelChanged.emit(null);
    this.statusChanged.emit('starting');
  }
  chosen(kernel: Kernel | null): void {
    this.session = kernel && { kernel };
    this.kernelChanged.emit(null);
    this.statusChanged.emit(kernel ? 'idle' : 'unknown');
  }
  changeKernel({ name }: { name: string }): Promise<void> {
    this.started.push(name);
    this.choosing();
    return Promise.resolve();
  }
}

function linked() {
  const session = new Session();
  const notes: (string | null)[] = [];
  const bench = {
    connected: false,
    connections: 0,
    connect() { this.connected = true; this.connections += 1; },
    disconnect() { this.connected = false; },
    receive() {}
  };
  const kernels = {
    ready: Promise.resolve(),
    specs: { default: 'python3', kernelspecs: { python3: { language: 'python' } } }
  };
  const link = new KernelLink(
    session as never, kernels as never, bench, note => notes.push(note)
  );
  const ensured = () => {
    const told = { answer: undefined as boolean | undefined };
    void link.ensure(async () => undefined).then(answer => { told.answer = answer; });
    return told;
  };
  return { session, notes, bench, link, ensured };
}

async function later(): Promise<void> {
  for (let times = 0; times < 5; times++) {
    await turn();
  }
}

test('a kernel that is being chosen is waited for, and no second one is started', async () => {
  const { session, bench, ensured } = linked();
  session.choosing();
  const told = ensured();
  await later();
  assert.equal(told.answer, undefined);
  assert.deepEqual(session.started, []);
  const kernel = new Kernel('of a notebook');
  session.chosen(kernel);
  await later();
  kernel.answers[0].answer('ok');
  await later();
  assert.equal(told.answer, true);
  assert.equal(bench.connections, 1);
  assert.deepEqual(session.started, []);
});

test('a kernel is started where there is none', async () => {
  const { session, ensured } = linked();
  const told = ensured();
  await later();
  assert.deepEqual(session.started, ['python3']);
  const kernel = new Kernel('new');
  session.chosen(kernel);
  await later();
  kernel.answers[0].answer('ok');
  await later();
  assert.equal(told.answer, true);
});

test('where another kernel is chosen before the first one answers, that one is waited for', async () => {
  const { session, bench, ensured } = linked();
  const [first, second] = [new Kernel('first'), new Kernel('second')];
  session.chosen(first);
  const told = ensured();
  await later();
  session.statusChanged.emit('starting');
  session.chosen(second);
  await later();
  first.answers[0].answer('ok');
  await later();
  assert.equal(told.answer, undefined);
  assert.equal(first.comms, 0);
  second.answers[0].answer('ok');
  await later();
  assert.equal(told.answer, true);
  assert.equal(bench.connections, 1);
});

test('a kernel that restarts before it answers is waited for', async () => {
  const { session, ensured } = linked();
  const kernel = new Kernel('restarted');
  session.chosen(kernel);
  const told = ensured();
  await later();
  session.statusChanged.emit('restarting');
  kernel.answers[0].fail();
  await later();
  assert.equal(told.answer, undefined);
  session.statusChanged.emit('idle');
  await later();
  kernel.answers[1].answer('ok');
  await later();
  assert.equal(told.answer, true);
});

test('two attempts at one kernel make one comm: messages of another would not be heard', async () => {
  const { session, bench, ensured } = linked();
  const kernel = new Kernel('told twice');
  session.chosen(kernel);
  const told = ensured();
  await later();
  session.chosen(kernel);
  await later();
  kernel.answers.forEach(({ answer }) => answer('ok'));
  await later();
  assert.equal(told.answer, true);
  assert.equal(kernel.comms, 1);
  assert.equal(bench.connections, 1);
});

test('it is said where no kernel runs, and nothing waits for ever', async () => {
  const { session, notes, link, ensured } = linked();
  session.choosing();
  const told = ensured();
  await later();
  session.chosen(null);
  await later();
  assert.deepEqual(session.started, ['python3']);
  session.chosen(null);
  await later();
  assert.equal(told.answer, false);
  assert.match(notes[notes.length - 1] ?? '', /No kernel runs/);
  session.choosing();
  const left = ensured();
  await later();
  link.dispose();
  await later();
  assert.equal(left.answer, false);
});
