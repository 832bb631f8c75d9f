// What the checker lets a local session do: stay where it is, and go on elsewhere only while its upgrade is under way.

import { expect, it } from 'vitest';
import type { CreateOp, HistoryEntry, Operation } from './history.js';
import { checkLocalSessions } from './local-sessions.js';

const SESSION = 0x100n;
const EPHEMERAL: CreateOp = { kind: 'create', path: '/e', data: '', isEphemeral: true, isSequential: false };

function attached(server: number): HistoryEntry {
  return { kind: 'attached', session: SESSION, connection: server, server, isNew: server === 1 };
}

function asked(op: Operation): HistoryEntry {
  return { kind: 'invoke', id: 7, session: SESSION, connection: 1, server: 1, cxid: 1, op };
}

function check(...between: HistoryEntry[]): string[] {
  const entries = [attached(1), ...between, attached(2)];
  return checkLocalSessions(entries, [], { mayUpgrade: true }).map(({ text }) => text);
}

it('it does not move', () => {
  const moved = ['local session 100 of server 1 goes on at server 2'];
  expect(check()).toEqual(moved);
  expect(check(asked({ ...EPHEMERAL, isEphemeral: false }))).toEqual(moved);
  expect(check(asked(EPHEMERAL), { kind: 'return', id: 7, outcome: { zxid: 1n, err: 0 } })).toEqual(moved);
});

it('unless it has asked for an ephemeral node, and nobody knows what became of that', () => {
  expect(check(asked(EPHEMERAL))).toEqual([]);
  expect(check(asked({ kind: 'multi', parts: [EPHEMERAL] }))).toEqual([]);
});
