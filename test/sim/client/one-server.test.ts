// Clients, workload and history checker on a server that stands alone, through crashes: what they find right here they may find
// wrong in an ensemble.

import { expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { InlineServer } from '../../testing/inline-server.js';
import { checkHistory } from '../history/history-checker.js';
import { History } from '../history/history-log.js';
import { SimClient } from './sim-client.js';
import { SimWorkload } from './workload.js';

function run(seed: number): { found: string[]; returns: number; events: number } {
  const prng = new Prng(seed).fork('run');
  const server = InlineServer.start({ seed });
  const history = new History();
  const end = { sid: 1, network: server.network };
  const clients = [0, 1, 2].map((number) => new SimClient(number, history, 4000, prng.below(2) === 0));
  const workload = new SimWorkload(prng.fork('workload'));
  const now = (): number => server.clock.monotonicMs();
  for (let step = 0; step < 2500; step++) {
    const client = clients[prng.below(clients.length)];
    const what = prng.below(100);
    if (what < 6) {
      if (client.canAsk && client.outstandingCount < 4) client.ask(workload.draw());
      else if (!client.isConnecting && !client.isConnected) client.connect(end, now());
    } else if (what < 20) client.pump(now());
    else if (what === 20 && prng.below(6) === 0) client.drop();
    else if (what === 21 && prng.below(6) === 0) server.advance(prng.below(3000));
    else if (what === 22) for (const each of clients) each.tick(now());
    else if (what === 23 && prng.below(40) === 0) {
      server.crash();
      server.restart();
    } else server.stepAtRandom(prng);
  }
  server.run();
  for (const client of clients) client.pump(now());
  const txns = server.logged.map(({ zxid, sessionId: session, cxid, type, entry }) => ({
    zxid,
    session,
    cxid,
    type,
    err: type === OpCode.error ? new DataView(entry.buffer).getInt32(32) : 0,
  }));
  return {
    found: checkHistory(history.entries, txns).violations.map(({ rule, text }) => `${rule}: ${text}`),
    returns: history.entries.filter(({ kind }) => kind === 'return').length,
    events: history.entries.filter(({ kind }) => kind === 'event').length,
  };
}

it('a server that stands alone keeps its promises', () => {
  let [returns, events] = [0, 0];
  for (let seed = 1; seed <= 15; seed++) {
    const result = run(seed);
    expect(result.found, `seed ${seed}`).toEqual([]);
    returns += result.returns;
    events += result.events;
  }
  expect(returns).toBeGreaterThan(600);
  expect(events).toBeGreaterThan(20);
});
