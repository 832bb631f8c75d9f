/**
 * The judge of kill-nine judged itself: it must accept every state that a crash may leave, and no other.
 */
import { beforeEach, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import type { FoundNode } from '../testing/pipelined-read.js';
import { Op } from '../testing/wire-connection.js';
import { Ledger, type PlannedWrite } from './kill-nine-ledger.js';

const ACKNOWLEDGED = 200;
const IN_FLIGHT = 16;

let ledger: Ledger;
let writes: PlannedWrite[];

beforeEach(() => {
  ledger = new Ledger('/w', new Prng(5));
  writes = [];
  for (let i = 1; i <= ACKNOWLEDGED + IN_FLIGHT; i++) {
    writes.push(ledger.plan());
    if (i <= ACKNOWLEDGED) ledger.acknowledge(BigInt(i));
  }
});

/** What a server shows that has applied the first `count` writes. */
function after(count: number): Map<string, FoundNode | null> {
  const found = new Map<string, FoundNode | null>(ledger.paths(true).map((path) => [path, null]));
  for (const [i, { effects }] of writes.slice(0, count).entries()) {
    for (const { path, state } of effects) {
      found.set(path, state === null ? null : { version: state.version, data: state.data, mzxid: BigInt(i + 1) });
    }
  }
  return found;
}

function lastAcknowledged(op: number): PlannedWrite {
  const write = writes.slice(0, ACKNOWLEDGED).findLast((candidate) => candidate.op === op);
  if (write === undefined) throw new Error(`no write with op ${op}`);
  return write;
}

test.for([0, 1, 7, IN_FLIGHT])('%d of the writes in flight may have survived', (survivors) => {
  ledger.verify(after(ACKNOWLEDGED + survivors));
  expect(ledger.survived).toBe(survivors);
});

test('what survived must still be there after the next crash', () => {
  ledger.verify(after(ACKNOWLEDGED + 7));
  expect(() => ledger.verify(after(ACKNOWLEDGED + 6))).toThrow();
});

test('a lost acknowledged write is found', () => {
  expect(() => ledger.verify(after(ACKNOWLEDGED - 1))).toThrow(/in flight/);
});

test('a lost node, a lost deletion, other data and another zxid are found', () => {
  const [created] = lastAcknowledged(Op.Create).effects;
  const [deleted] = lastAcknowledged(Op.Delete).effects;
  const node = after(ACKNOWLEDGED).get(created.path) as FoundNode;
  const spoiled: [string, FoundNode | null][] = [
    [created.path, null],
    [deleted.path, node],
    [created.path, { ...node, data: Buffer.concat([node.data, Buffer.of(0)]) }],
    [created.path, { ...node, mzxid: node.mzxid + 1n }],
  ];
  for (const [path, instead] of spoiled) {
    expect(() => ledger.verify(after(ACKNOWLEDGED).set(path, instead))).toThrow(path);
  }
});

test('half a multi is found', () => {
  const [first] = lastAcknowledged(Op.Multi).effects;
  const before = after(writes.indexOf(lastAcknowledged(Op.Multi))).get(first.path) as FoundNode;
  expect(() => ledger.verify(after(ACKNOWLEDGED).set(first.path, before))).toThrow(first.path);
});

test('a later write without an earlier one in flight is found', () => {
  const found = after(ACKNOWLEDGED);
  const all = after(ACKNOWLEDGED + IN_FLIGHT);
  const { effects } = writes[writes.length - 1];
  for (const { path } of effects) found.set(path, all.get(path) ?? null);
  expect(() => ledger.verify(found)).toThrow();
});
