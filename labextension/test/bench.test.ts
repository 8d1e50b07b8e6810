import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from '../src/bench/bench';
import type { ClientMessage } from '../src/bench/messages';
import type { Catalogue } from '../src/model';
import built from '../src/catalogue.json';
import { empty } from './support';

test('what the kernel says of a document that was edited since is not taken for the new one', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const bench = new Bench(built as unknown as Catalogue);
  const asked: ClientMessage[] = [];
  const checks = () => asked.filter(message => message.type === 'check');
  const answer = (code: string[]) => {
    const [{ id }] = checks().slice(-1) as { id: string }[];
    bench.receive({ type: 'checked', id, problems: [], ports: {}, code });
  };
  bench.connect(message => asked.push(message));
  bench.edit({ ...empty(), name: 'with a task' });
  t.mock.timers.tick(300);
  bench.edit(empty());
  answer(['def f(): ...']);
  assert.equal(bench.now.own, null);
  t.mock.timers.tick(300);
  assert.equal(checks().length, 2);
  answer([]);
  assert.deepEqual(bench.now.own, []);
  bench.dispose();
});
