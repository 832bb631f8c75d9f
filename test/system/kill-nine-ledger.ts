/**
 * What one writer may believe about its own nodes. Writes of a session are applied in the order they were sent, so after a
 * crash the server must show the state after some prefix of them, and that prefix must hold every acknowledged write:
 *
 *     sent:   w1 w2 w3 w4 w5 w6 w7
 *             \-- settled --/\- in flight -/          survived: any of w1..w4, w1..w5, w1..w6, w1..w7
 *
 * The nodes of different writers are disjoint, so each ledger is judged alone.
 */

import { createHash } from 'node:crypto';
import type { Prng } from '../../src/base/prng.js';
import type { FoundNode } from '../testing/pipelined-read.js';
import { counted, int32, Op, openAcl } from '../testing/wire-connection.js';

const HOT_NODES = 20;
const LARGE_BYTES = 40_000;
const SMALL_BYTES = 300;

/** A node as it must be found; null where there must be none. zxid is known once the write has been acknowledged. */
export interface NodeState {
  readonly version: number;
  readonly data: Buffer;
  readonly zxid: bigint | null;
}

interface Effect {
  readonly path: string;
  readonly state: NodeState | null;
}

export interface PlannedWrite {
  /** For messages. */
  readonly what: string;
  readonly op: number;
  readonly body: Buffer;
  readonly effects: readonly Effect[];
}

export class Ledger {
  acknowledged = 0;
  /** Unacknowledged writes that a crash did not undo. */
  survived = 0;
  readonly root: string;
  private readonly random: Prng;
  private sequence = 0;
  /** After the acknowledged writes. A path that was ever used stays here, as null once it is deleted. */
  private readonly settled = new Map<string, NodeState | null>();
  /** After all that was sent. Invariant: settled plus the effects of inFlight, in order. */
  private readonly projected = new Map<string, NodeState | null>();
  private inFlight: PlannedWrite[] = [];
  /** Touched since the last verification. */
  private readonly touched = new Set<string>();
  /** Nodes that may be deleted. Invariant: each exists in `projected`. */
  private extras: string[] = [];

  constructor(root: string, random: Prng) {
    this.root = root;
    this.random = random;
  }

  /** The next write of this writer, with what it will have done once it is applied. */
  plan(): PlannedWrite {
    const write = this.choose();
    for (const { path, state } of write.effects) {
      this.projected.set(path, state);
      this.touched.add(path);
    }
    this.inFlight.push(write);
    return write;
  }

  /** The oldest write in flight was acknowledged with this zxid. */
  acknowledge(zxid: bigint): void {
    const write = this.inFlight.shift();
    if (write === undefined) throw new Error(`${this.root}: an acknowledgement without a write`);
    this.acknowledged++;
    for (const { path, state } of write.effects) this.settled.set(path, state === null ? null : { ...state, zxid });
  }

  /** What has to be read after a crash: what was touched since the last one, or everything ever written. */
  paths(everything: boolean): string[] {
    return everything ? [...new Set([...this.settled.keys(), ...this.touched])] : [...this.touched];
  }

  /** Judges what was found after a crash, and goes on from there. */
  verify(found: ReadonlyMap<string, FoundNode | null>): void {
    const expected = new Map(this.settled);
    let best = this.firstDifference(expected, found);
    let kept = 0;
    for (const write of this.inFlight) {
      if (best === null) break;
      kept++;
      for (const { path, state } of write.effects) expected.set(path, state);
      best = this.firstDifference(expected, found) === null ? null : best;
    }
    if (best !== null) throw new Error(`${best} (${this.inFlight.length} writes were in flight)`);
    this.survived += kept;
    this.inFlight = [];
    this.touched.clear();
    this.projected.clear();
    for (const [path, state] of expected) {
      // A survivor's zxid was never told; it is learned here and must hold from now on.
      const node = found.get(path);
      const known = state !== null && node !== null && node !== undefined ? { ...state, zxid: node.mzxid } : state;
      this.settled.set(path, known);
      this.projected.set(path, known);
    }
    this.extras = [...expected].filter(([path, state]) => state !== null && !this.isHot(path)).map(([path]) => path);
  }

  private firstDifference(
    expected: ReadonlyMap<string, NodeState | null>,
    found: ReadonlyMap<string, FoundNode | null>,
  ): string | null {
    for (const [path, node] of found) {
      const state = expected.get(path) ?? null;
      if (state === null && node === null) continue;
      if (state === null) return `${path}: found, but never created or deleted with an acknowledgement`;
      if (node === null) return `${path}: lost; its version was ${state.version}`;
      if (node.version !== state.version) return `${path}: version ${node.version}, acknowledged was ${state.version}`;
      if (!node.data.equals(state.data))
        return `${path}: other data than was acknowledged with version ${state.version}`;
      if (state.zxid !== null && node.mzxid !== state.zxid) {
        return `${path}: mzxid ${node.mzxid}, acknowledged was ${state.zxid}`;
      }
    }
    return null;
  }

  private choose(): PlannedWrite {
    const dice = this.random.below(100);
    const hot = `${this.root}/hot${this.random.below(HOT_NODES)}`;
    if (!this.exists(hot)) return this.create(hot);
    if (dice < 55) return this.setData(hot);
    if (dice < 65) return this.setTwo(hot);
    if (dice < 75 && this.extras.length > 0) return this.remove(this.extras.shift() as string);
    const extra = `${this.root}/n${this.sequence}`;
    this.extras.push(extra);
    return this.create(extra);
  }

  private isHot(path: string): boolean {
    return path.startsWith(`${this.root}/hot`);
  }

  private exists(path: string): boolean {
    return (this.projected.get(path) ?? null) !== null;
  }

  private nextData(): Buffer {
    const length = this.random.below(50) === 0 ? LARGE_BYTES : this.random.below(SMALL_BYTES);
    const name = createHash('md5')
      .update(`${this.root} ${this.sequence++}`)
      .digest();
    return Buffer.alloc(length, name);
  }

  private create(path: string): PlannedWrite {
    const data = this.nextData();
    return {
      what: `create ${path}`,
      op: Op.Create,
      body: Buffer.concat([counted(path), counted(data), openAcl, int32(0)]),
      effects: [{ path, state: { version: 0, data, zxid: null } }],
    };
  }

  private changed(path: string): NodeState {
    const before = this.projected.get(path) as NodeState;
    return { version: before.version + 1, data: this.nextData(), zxid: null };
  }

  private setData(path: string): PlannedWrite {
    const state = this.changed(path);
    // Half of them name the version they expect, which is only right if nothing before them was lost.
    const version = this.random.below(2) === 0 ? -1 : state.version - 1;
    return {
      what: `setData ${path} to version ${state.version}`,
      op: Op.SetData,
      body: Buffer.concat([counted(path), counted(state.data), int32(version)]),
      effects: [{ path, state }],
    };
  }

  private remove(path: string): PlannedWrite {
    return {
      what: `delete ${path}`,
      op: Op.Delete,
      body: Buffer.concat([counted(path), int32(-1)]),
      effects: [{ path, state: null }],
    };
  }

  /** A multi of two changes: after a crash both are there, or neither. */
  private setTwo(first: string): PlannedWrite {
    const second = `${this.root}/hot${this.random.below(HOT_NODES)}`;
    if (second === first || !this.exists(second)) return this.setData(first);
    const effects = [first, second].map((path) => ({ path, state: this.changed(path) }));
    const header = (op: number, done: number): Buffer => Buffer.concat([int32(op), Uint8Array.of(done), int32(-1)]);
    const changes = effects.map(({ path, state }) =>
      Buffer.concat([header(Op.SetData, 0), counted(path), counted(state.data), int32(-1)]),
    );
    return {
      what: `setData ${first} and ${second}`,
      op: Op.Multi,
      body: Buffer.concat([...changes, header(-1, 1)]),
      effects,
    };
  }
}
