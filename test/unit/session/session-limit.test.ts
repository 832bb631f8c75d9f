// More sessions than a server has slots for (a million of them; here two): who comes is refused in words, who is there is served, and
// a slot that is free again is given.

import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { MemberPair } from '../../testing/inline/member-pair.js';
import { ScriptedMember } from '../../testing/inline/scripted-member.js';
import type { WireClient } from '../../testing/inline/wire-client.js';

const SESSIONS_MAX = 2;

function pairOf(): MemberPair {
  const member = (sid: number): ScriptedMember =>
    new ScriptedMember({ sid, prng: new Prng(sid), sessionsMax: SESSIONS_MAX });
  const pair = new MemberPair(member(1), member(2));
  pair.begin(1);
  pair.run();
  return pair;
}

function dial(pair: MemberPair, at: ScriptedMember): { client: WireClient; timeOutMs: number | null } {
  const client = at.dial();
  client.handshake({ timeOutMs: 6000 });
  pair.run();
  const [frame] = client.take();
  return { client, timeOutMs: frame?.kind === 'connect' ? frame.response.timeOut : null };
}

test.each(['leader', 'learner'] as const)('at a %s', (role) => {
  const pair = pairOf();
  const clients = Array.from({ length: SESSIONS_MAX }, () => dial(pair, pair[role]).client);
  for (const other of [pair.leader, pair.learner]) expect(dial(pair, other).timeOutMs ?? 0).toBe(0);
  for (const [i, client] of clients.entries()) {
    client.create(`/${role}-${i}`, { flags: 1 });
    pair.run();
    expect(client.takeReply().err).toBe(ErrorCode.Ok);
  }
  clients[0]?.closeSession();
  pair.run();
  expect(dial(pair, pair[role]).timeOutMs).toBe(6000);
});
