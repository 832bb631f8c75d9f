// Both servers side by side: plays each step on the two, compares what every connection shows, takes off what the table
// of allowed differences explains, and cleans up behind a sequence so that the next one starts from the same state with
// the same servers. The first difference that nothing explains ends the sequence; the pair is then no longer equal and
// has to be made anew.

import { OpCode } from '../../../src/protocol/op-code.js';
import { counted, int32 } from '../../testing/wire-connection.js';
import { ALLOWED_DIFFERENCES, type Evening, type Explained, type Place } from './allowed-differences.js';
import { OPEN_ACL } from './bad-values.js';
import type { Frame } from './frame.js';
import type { Side } from './side.js';
import { Closing, type MadeRequest, NEW_SESSION, type OpenStep, Password, SLOTS, type Step, stepText } from './step.js';

/** A connection of the test's own, with super rights and no watches. */
const CONTROL = SLOTS;
/** And one more, by which left sessions are closed. */
const CLOSER = SLOTS + 1;
const SUPER = 'super:secret';
const NOWHERE = '/no-such-node-anywhere';
const KEPT: ReadonlySet<string> = new Set(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']);

export interface Difference {
  /** Of the same kind when the first frames that differ are of the same kind: what shrinking must keep. */
  readonly signature: string;
  readonly step: Step | null;
  readonly slot: number;
  readonly apache: readonly string[];
  readonly ours: readonly string[];
}

export class DifferenceError extends Error {
  override readonly name = 'DifferenceError';
  readonly difference: Difference;

  constructor(difference: Difference) {
    const { step, slot, apache, ours } = difference;
    super(
      `${difference.signature}\nstep ${step === null ? '(of the cleaning up)' : stepText(step)}\n` +
        `connection #${slot}\n  apache:\n    ${apache.join('\n    ')}\n  ours:\n    ${ours.join('\n    ')}`,
    );
    this.difference = difference;
  }
}

interface SharedSession {
  isClosed: boolean;
}

export interface DuelCounts {
  requests: number;
  frames: number;
  events: number;
  readonly byOp: Map<number, number>;
  /** Those that both servers answered without an error. */
  readonly okByOp: Map<number, number>;
  readonly allowed: Map<string, number>;
}

export function newCounts(): DuelCounts {
  return { requests: 0, frames: 0, events: 0, byOp: new Map(), okByOp: new Map(), allowed: new Map() };
}

export class Duel {
  readonly counts: DuelCounts;
  private readonly apache: Side;
  private readonly ours: Side;
  private readonly sessions: SharedSession[] = [];
  /** Which session was last opened on a slot. */
  private readonly sessionOf = new Map<number, number>();
  private lastClosed: number | null = null;
  private step: Step | null = null;
  private zxidBefore = 0n;
  private xid = 1;

  constructor(apache: Side, ours: Side, counts: DuelCounts) {
    this.apache = apache;
    this.ours = ours;
    this.counts = counts;
  }

  /** Gives both servers a connection with super rights and the same zxid. */
  async begin(): Promise<void> {
    await this.open({ ...NEW_SESSION, slot: CONTROL });
    for (const side of this.sides()) {
      const auth = this.control(OpCode.auth, int32(0), counted('digest'), counted(SUPER));
      await side.request(CONTROL, [auth], false);
      side.takeFrames(CONTROL);
    }
    // Starting has cost one of them a session more, sometimes.
    while (this.apache.zxid !== this.ours.zxid) {
      await this.burn(this.apache.zxid < this.ours.zxid ? this.apache : this.ours);
    }
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.playOne(step);
    this.step = null;
    await this.cleanUp();
    for (const side of this.sides()) side.forgetTimes();
  }

  private sides(): readonly [Side, Side] {
    return [this.apache, this.ours];
  }

  private async playOne(step: Step): Promise<void> {
    if (needsConnection(step) && !this.apache.isOpen(step.slot)) {
      await this.playOne({ ...NEW_SESSION, slot: step.slot });
    }
    this.step = step;
    this.zxidBefore = this.apache.zxid;
    switch (step.kind) {
      case 'open':
        await this.open(step);
        break;
      case 'requests':
        await this.requests(step.slot, step.requests, step.cut);
        break;
      case 'raw':
        await Promise.all(
          this.sides().map((side) => (step.isFirst ? side.rawFirst : side.raw).call(side, step.slot, step.bytes)),
        );
        break;
      case 'drop':
        for (const side of this.sides()) side.drop(step.slot);
        break;
    }
    await this.settle();
  }

  private async open(step: OpenStep): Promise<void> {
    const { choice, session } = this.chosenSession(step);
    const next = this.sessions.length;
    await Promise.all(this.sides().map((side) => side.open(step.slot, { ...step, session: choice }, session, next)));
    const isGranted = this.apache.isOpen(step.slot) && this.ours.isOpen(step.slot);
    if (!isGranted) return;
    if (session === null) this.sessions.push({ isClosed: false });
    this.sessionOf.set(step.slot, session ?? next);
    this.count(step.behind);
    await Promise.all(this.sides().map((side) => side.barrier(step.slot)));
  }

  private chosenSession(step: OpenStep): { choice: OpenStep['session']; session: number | null } {
    const { session: choice } = step;
    const isNew = { choice: { kind: 'new' } as const, session: null };
    switch (choice.kind) {
      case 'new':
        return isNew;
      case 'of slot': {
        const session = this.sessionOf.get(choice.slot);
        return session === undefined ? isNew : { choice, session };
      }
      case 'closed':
        return this.lastClosed === null
          ? { choice: { kind: 'unknown' }, session: null }
          : { choice, session: this.lastClosed };
      case 'unknown':
        return { choice, session: null };
    }
  }

  private async requests(slot: number, requests: readonly MadeRequest[], cut = 0): Promise<void> {
    this.count(requests);
    const closing = requests.at(-1)?.closing;
    await Promise.all([
      this.apache.request(slot, requests, closing === Closing.Both, cut),
      this.ours.request(slot, requests, closing !== Closing.Never, cut),
    ]);
    const session = this.sessionOf.get(slot);
    if (requests.at(-1)?.op !== OpCode.closeSession || session === undefined) return;
    (this.sessions[session] as SharedSession).isClosed = true;
    this.lastClosed = session;
  }

  private count(requests: readonly MadeRequest[]): void {
    this.counts.requests += requests.length;
    for (const { op } of requests) add(this.counts.byOp, op);
  }

  /** Waits for all that the step has caused, and compares it. */
  private async settle(): Promise<void> {
    await Promise.all(
      this.sides().map(async (side) => {
        await side.barrier(CONTROL);
        await Promise.all(side.openSlots().map((slot) => side.barrier(slot)));
      }),
    );
    for (let slot = 0; slot <= CLOSER; slot++) await this.compare(slot);
    if (this.apache.zxid !== this.ours.zxid) {
      this.fail('zxid', CONTROL, [`zxid=${this.apache.zxid}`], [`zxid=${this.ours.zxid}`]);
    }
    for (let slot = 0; slot <= CLOSER; slot++) {
      if (this.apache.isOpen(slot) === this.ours.isOpen(slot)) continue;
      this.fail('open', slot, [`open: ${this.apache.isOpen(slot)}`], [`open: ${this.ours.isOpen(slot)}`]);
    }
  }

  private async compare(slot: number): Promise<void> {
    const [apache, ours] = [this.inOrder(this.apache.takeFrames(slot)), this.inOrder(this.ours.takeFrames(slot))];
    const place = { step: this.step as Step, slot, zxidBefore: this.zxidBefore, zxidAfter: this.ours.zxid };
    let [i, j] = [0, 0];
    const evenings: Evening[] = [];
    while (i < apache.length || j < ours.length) {
      if (apache[i]?.text === ours[j]?.text) {
        this.counts.frames++;
        const [frame] = apache.slice(i, i + 1);
        if (frame?.kind === 'event') this.counts.events++;
        if (frame?.kind === 'reply' && frame.err === 0) add(this.counts.okByOp, frame.request.op);
        i++;
        j++;
        continue;
      }
      const found =
        this.step === null ? null : this.explain({ ...place, apache: apache.slice(i), ours: ours.slice(j) });
      if (found === null) {
        this.fail(
          signature(apache[i], ours[j]),
          slot,
          apache.map((frame) => frame.text),
          ours.map((frame) => frame.text),
        );
      }
      i += found.apache;
      j += found.ours;
      evenings.push(...(found.evenings ?? []));
    }
    for (const evening of evenings) await this.even(slot, evening);
  }

  private explain(place: Place): Explained | null {
    for (const entry of ALLOWED_DIFFERENCES) {
      const explained = entry.explain(place);
      if (explained === null) continue;
      add(this.counts.allowed, entry.name);
      return explained;
    }
    return null;
  }

  private async even(slot: number, evening: Evening): Promise<void> {
    const side = evening.on === 'apache' ? this.apache : this.ours;
    switch (evening.what) {
      case 'hang up':
        side.drop(slot);
        return;
      case 'burn a zxid':
        await this.burn(side);
        return;
      case 'send':
        await side.request(slot, [this.control(evening.op, evening.body)], false);
        this.expectErr(evening, side.takeFrames(slot));
        return;
    }
  }

  private expectErr(evening: Evening & { what: 'send' }, frames: readonly Frame[]): void {
    const [reply] = frames;
    if (frames.length === 1 && reply?.kind === 'reply' && reply.err === evening.err) return;
    this.fail(
      'evening out',
      CONTROL,
      [`${evening.on}, op ${evening.op}, err ${evening.err} was due`],
      [reply?.text ?? ''],
    );
  }

  /** A session's ephemerals go in no certain order, and so do the events. */
  private inOrder(frames: Frame[]): Frame[] {
    const { step } = this;
    if (step?.kind !== 'requests' || step.requests.at(-1)?.op !== OpCode.closeSession) return frames;
    const first =
      frames.findLastIndex((frame) => frame.kind === 'reply' && frame.request.op !== OpCode.closeSession) + 1;
    const events = frames.slice(first).filter((frame) => frame.kind === 'event');
    if (events.length < 2) return frames;
    const key = (frame: Frame): string => (frame.kind === 'event' ? frame.fieldsText : frame.text);
    events.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
    const others = frames.slice(first).filter((frame) => frame.kind !== 'event');
    return [...frames.slice(0, first), ...events, ...others];
  }

  /** Reads all that is left, closes all sessions, removes all nodes: every answer compared. */
  private async cleanUp(): Promise<void> {
    const paths = await this.sweep();
    for (let slot = 0; slot < SLOTS; slot++) for (const side of this.sides()) side.drop(slot);
    for (const [session, shared] of this.sessions.entries()) {
      if (shared.isClosed || session === this.sessionOf.get(CONTROL)) continue;
      const step: OpenStep = {
        ...NEW_SESSION,
        slot: CLOSER,
        session: { kind: 'of slot', slot: CLOSER },
        password: Password.Right,
      };
      this.sessionOf.set(CLOSER, session);
      await this.open(step);
      const close = { ...this.control(OpCode.closeSession), closing: Closing.Both };
      await this.requests(CLOSER, [close]);
      await this.compare(CLOSER);
      for (const side of this.sides()) side.drop(CLOSER);
    }
    await this.settle();
    const gone = paths.reverse().filter((path) => !KEPT.has(path));
    await this.both(gone.map((path) => this.control(OpCode.delete, counted(path), int32(-1))));
    const kept = ['/', '/zookeeper', '/zookeeper/quota'];
    await this.both(kept.map((path) => this.control(OpCode.setACL, counted(path), OPEN_ACL.bytes, int32(-1))));
    await this.both(kept.map((path) => this.control(OpCode.setData, counted(path), counted(''), int32(-1))));
    await this.sweep();
  }

  /** Everything that can be read of every node; their paths, parents first. */
  private async sweep(): Promise<string[]> {
    const all: string[] = [];
    for (let level = ['/']; level.length > 0; ) {
      all.push(...level);
      const plain = Uint8Array.of(0);
      const lists = await this.both(level.map((path) => this.control(OpCode.getChildren2, counted(path), plain)));
      await this.both(level.map((path) => this.control(OpCode.getData, counted(path), plain)));
      await this.both(level.map((path) => this.control(OpCode.getACL, counted(path))));
      level = level.flatMap((path, i) =>
        childrenOf(lists[i] ?? '').map((child) => (path === '/' ? `/${child}` : `${path}/${child}`)),
      );
    }
    return all;
  }

  /** Requests of the test's own on both servers; the texts of the replies' bodies. */
  private async both(made: readonly MadeRequest[]): Promise<string[]> {
    await Promise.all(this.sides().map((side) => side.request(CONTROL, made, false)));
    const [apache, ours] = this.sides().map((side) => side.takeFrames(CONTROL)) as [Frame[], Frame[]];
    for (let i = 0; i < Math.max(apache.length, ours.length, made.length); i++) {
      const [theirs, our] = [apache[i], ours[i]];
      if (theirs !== undefined && theirs.text === our?.text) continue;
      this.fail(signature(theirs, our), CONTROL, [theirs?.text ?? 'nothing'], [our?.text ?? 'nothing']);
    }
    this.counts.frames += apache.length;
    return apache.map((frame) => (frame.kind === 'reply' ? frame.bodyText : ''));
  }

  private control(op: number, ...body: readonly Uint8Array[]): MadeRequest {
    return { op, xid: this.xid++, body: Buffer.concat(body), text: '(the test)', closing: Closing.Never, traits: [] };
  }

  /** A write that fails takes a zxid and changes nothing. */
  private async burn(side: Side): Promise<void> {
    await side.request(CONTROL, [this.control(OpCode.delete, counted(NOWHERE), int32(-1))], false);
    side.takeFrames(CONTROL);
  }

  private fail(kind: string, slot: number, apache: readonly string[], ours: readonly string[]): never {
    throw new DifferenceError({ signature: kind, step: this.step, slot, apache, ours });
  }
}

function needsConnection(step: Step): boolean {
  return step.kind === 'requests' || (step.kind === 'raw' && !step.isFirst);
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** What kind of difference it is: which frames, and the first field that is not the same. */
function signature(apache: Frame | undefined, ours: Frame | undefined): string {
  if (apache?.kind === 'reply' && ours?.kind === 'reply' && apache.request.op === ours.request.op) {
    const theirWords = apache.text.split(' ');
    const ourWords = ours.text.split(' ');
    const at = theirWords.findIndex((word, i) => word !== ourWords[i]);
    const field = (word: string | undefined): string => (word ?? 'nothing').replace(/[=(].*$/, '');
    const errs = apache.err === ours.err ? '' : ` err ${apache.err} / ${ours.err}`;
    return `op ${apache.request.op}: ${field(theirWords[at])} / ${field(ourWords[at])}${errs}`;
  }
  return `${kindOf(apache)} / ${kindOf(ours)}`;
}

function kindOf(frame: Frame | undefined): string {
  if (frame === undefined) return 'nothing';
  if (frame.kind === 'reply') return `reply to op ${frame.request.op} err ${frame.err}`;
  return frame.kind === 'event' ? `event ${frame.type}` : frame.kind;
}

function childrenOf(bodyText: string): string[] {
  const list = /children=\[(.*?)\] stat\{/.exec(bodyText)?.[1] ?? '';
  return [...list.matchAll(/"(?:[^"\\]|\\.)*"/g)].map((match) => JSON.parse(match[0]) as string);
}
