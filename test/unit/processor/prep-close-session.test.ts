// The prep stage alone, over a tree that another thread keeps writing: a close lists every ephemeral of its session exactly
// once, however long the list, whatever is applied meanwhile, and though most looks at the tree are torn.

import { expect, test } from 'vitest';
import type { ActorContext } from '../../../src/actor/actor.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { LocalMailbox } from '../../../src/actor/mailbox/local-mailbox.js';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { AclPolicy } from '../../../src/processor/acl.js';
import { PIPELINE_HEADER_BYTES, RecordType, WORD_LENGTH_A } from '../../../src/processor/pipeline-records.js';
import { PrepActor } from '../../../src/processor/prep-actor.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeDeleteRequest } from '../../../src/protocol/requests.js';
import { decodeTxnEntry } from '../../../src/protocol/txns.js';
import { SessionTable } from '../../../src/session/session-table.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import { loneMetrics } from '../../testing/lone-metrics.js';
import { LONE_PREP, putRecord, SESSION_HI, SESSION_LO, SLOT } from '../../testing/lone-prep.js';
import { TreeFixture } from '../store/tree-fixture.js';

class Prep {
  readonly fixture = new TreeFixture();
  readonly reader = this.fixture.newReader();
  readonly toSync = new LocalMailbox(1 << 20);
  private readonly prep: PrepActor;
  private readonly inbox = new LocalMailbox(1 << 20);

  constructor(ephemerals: number) {
    for (let i = 0; i < ephemerals; i++) this.fixture.create(`/e${i}`, { kind: NodeKind.ephemeral, ...OWNER });
    const sessions = new SessionTable(new SharedArrayBuffer(SessionTable.byteLengthFor(4)));
    sessions.open(SLOT, SESSION_HI, SESSION_LO, 4000, 0);
    const context = {
      outbox: () => this.toSync,
      inboxNames: () => ['connections.0'],
      clock: new ManualClock(),
      log: silentLogger,
      metrics: loneMetrics(),
      shared: {},
    } as unknown as ActorContext;
    this.prep = new PrepActor(context, this.reader, sessions, new AclPolicy(false, []), LONE_PREP);
    this.send('final', RecordType.serving, 0, new Uint8Array(0));
  }

  request(op: number, write: (w: JuteWriter) => void = () => {}): void {
    const w = new JuteWriter();
    write(w);
    this.send('connections.0', RecordType.request, op, w.toBytes());
  }

  /** The entry sent down last. */
  lastEntry(): Uint8Array {
    this.toSync.publish();
    let entry = new Uint8Array(0);
    this.toSync.drain((_type, bytes, words, offset) => {
      const length = words[(offset >> 2) + WORD_LENGTH_A] as number;
      entry = bytes.slice(offset + PIPELINE_HEADER_BYTES, offset + PIPELINE_HEADER_BYTES + length);
    }, 1000);
    return entry;
  }

  private send(inbox: string, type: number, op: number, body: Uint8Array): void {
    putRecord(this.inbox, type, op, body, this.fixture.zxid);
    this.inbox.publish();
    this.inbox.drain((...record) => this.prep.inboxes[inbox]?.(...record), 1);
  }
}

const OWNER = { ownerHi: SESSION_HI, ownerLo: SESSION_LO };

function listed(entry: Uint8Array): readonly (string | null)[] {
  const { body } = decodeTxnEntry(new JuteReader(entry));
  return body.type === OpCode.closeSession ? (body.txn?.paths2Delete ?? []) : [];
}

test.each([0, 1, 63, 64, 65, 128, 300])('%d ephemerals are listed once each', (count) => {
  const prep = new Prep(count);
  prep.request(OpCode.closeSession);
  const paths = listed(prep.lastEntry());
  expect([...paths].sort()).toEqual(Array.from({ length: count }, (_, i) => `/e${i}`).sort());
});

test.each([1, 2, 3, 4, 5, 6])(
  'while what was decided before is being applied, and strangers write (seed %d)',
  (seed) => {
    const prng = new Prng(seed);
    const prep = new Prep(300);
    const outstanding = Array.from({ length: 300 }, (_, i) => `/e${i}`).filter(() => prng.below(3) === 0);
    for (const path of outstanding) prep.request(OpCode.delete, (w) => encodeDeleteRequest(w, { path, version: -1 }));
    const { fixture, reader } = prep;
    const toApply = [...outstanding];
    let strangers = 0;
    const write = (): void => {
      const path = prng.below(2) === 0 ? toApply.pop() : undefined;
      if (path !== undefined) fixture.delete(path);
      else if (strangers < 200) fixture.create(`/s${strangers++}`, { kind: NodeKind.ephemeral, ownerLo: 9 });
    };
    const begin = reader.begin.bind(reader);
    const valid = reader.valid.bind(reader);
    let torn = 0;
    reader.begin = () => {
      write();
      return begin();
    };
    reader.valid = (sequence) => {
      if (prng.below(2) === 0) write();
      const isValid = valid(sequence);
      if (!isValid) torn++;
      return isValid;
    };
    prep.request(OpCode.closeSession);
    const gone = new Set(outstanding);
    const expected = Array.from({ length: 300 }, (_, i) => `/e${i}`).filter((path) => !gone.has(path));
    expect([...listed(prep.lastEntry())].sort()).toEqual(expected.sort());
    expect(torn).toBeGreaterThan(0);
  },
);
