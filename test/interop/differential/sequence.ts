// Draws one sequence of steps from a seed: opens, bursts of requests, broken frames, connections that go. What cannot
// have one certain answer is not drawn: Apache sends replies to auth, sasl and unknown opcodes ahead of those still in
// its pipeline (client-protocol 3.4.6 [D]), so these begin a burst or are alone in it, and what closes a connection ends
// it. Its checks of a write do not see an ACL that is set but not yet applied (against 5.4), so setACL ends a burst, too.

import { Prng } from '../../../src/base/prng.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { int32 } from '../../testing/wire-connection.js';
import { type Ingredients, RequestMaker } from './request-maker.js';
import {
  Closing,
  LastZxid,
  type MadeRequest,
  NEW_SESSION,
  type OpenStep,
  Password,
  type RawStep,
  type SessionChoice,
  SLOTS,
  type Step,
} from './step.js';
import { Trait } from './trait.js';

type Recipe = readonly [weight: number, op: number, make: (maker: RequestMaker) => MadeRequest];

const RECIPES: readonly Recipe[] = [
  [14, OpCode.create, (maker) => maker.create(OpCode.create)],
  [7, OpCode.create2, (maker) => maker.create(OpCode.create2)],
  [4, OpCode.createContainer, (maker) => maker.create(OpCode.createContainer)],
  [4, OpCode.createTTL, (maker) => maker.create(OpCode.createTTL)],
  [5, OpCode.delete, (maker) => maker.delete()],
  [9, OpCode.setData, (maker) => maker.setData()],
  [4, OpCode.setACL, (maker) => maker.setACL()],
  [0.3, OpCode.setACL, (maker) => maker.ipv6Acl()],
  [8, OpCode.exists, (maker) => maker.exists()],
  [8, OpCode.getData, (maker) => maker.watchable(OpCode.getData)],
  [5, OpCode.getChildren, (maker) => maker.watchable(OpCode.getChildren)],
  [6, OpCode.getChildren2, (maker) => maker.watchable(OpCode.getChildren2)],
  [4, OpCode.getACL, (maker) => maker.pathOnly(OpCode.getACL)],
  [3, OpCode.sync, (maker) => maker.pathOnly(OpCode.sync)],
  [3, OpCode.getAllChildrenNumber, (maker) => maker.pathOnly(OpCode.getAllChildrenNumber)],
  [3, OpCode.getEphemerals, (maker) => maker.getEphemerals()],
  [2, OpCode.ping, (maker) => maker.bodiless(OpCode.ping)],
  [2, OpCode.whoAmI, (maker) => maker.bodiless(OpCode.whoAmI)],
  [2, OpCode.reconfig, (maker) => maker.reconfig()],
  [7, OpCode.addWatch, (maker) => maker.addWatch()],
  [3, OpCode.checkWatches, (maker) => maker.watches(OpCode.checkWatches)],
  [4, OpCode.removeWatches, (maker) => maker.watches(OpCode.removeWatches)],
  [4, OpCode.setWatches, (maker) => maker.setWatches(OpCode.setWatches)],
  [4, OpCode.setWatches2, (maker) => maker.setWatches(OpCode.setWatches2)],
  [12, OpCode.multi, (maker) => maker.multi()],
  [5, OpCode.multiRead, (maker) => maker.multiRead()],
  [4, OpCode.auth, (maker) => maker.auth()],
  [1, OpCode.sasl, (maker) => maker.sasl()],
  [2, OpCode.closeSession, (maker) => maker.closeSession()],
  [0.6, OpCode.error, (maker) => maker.unknownOp()],
  [0.5, OpCode.deleteContainer, (maker) => maker.internalOp()],
  [0.3, OpCode.check, (maker) => maker.check()],
];

/** Paths and flags; parents first. */
const STARTING_NODES: readonly (readonly [string, number])[] = [
  ['/a', 0],
  ['/b', 0],
  ['/c', 1],
  ['/ü', 0],
  ['/__proto__', 0],
  ['/a/b', 0],
  ['/a/e', 1],
  ['/b/c', 0],
  ['/a/b/c', 0],
];

const DAMAGED_PERCENT = 4;
const BURST_PERCENT = 35;
const BURST_MAX = 8;
/** Answered ahead of the pipeline by Apache: only in front of a burst. */
const EARLY: ReadonlySet<number> = new Set([OpCode.auth, OpCode.sasl]);
const READS: ReadonlySet<number> = new Set([OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getACL]);
const TIMEOUTS_MS = [1_200_000_000, 1_500_000_001, 0, -1, 30_000, 2_000_000_001, 0x7fff_ffff, -0x8000_0000];

export function makeSequence(seed: number, length: number, ingredients: Ingredients): Step[] {
  return new SequenceMaker(seed, ingredients).make(length);
}

class SequenceMaker {
  private readonly prng: Prng;
  private readonly maker: RequestMaker;
  private readonly recipes: readonly Recipe[];
  private readonly ingredients: Ingredients;
  private readonly usesQuota: boolean;

  constructor(seed: number, ingredients: Ingredients) {
    this.prng = new Prng(seed);
    this.ingredients = ingredients;
    this.maker = new RequestMaker(this.prng.fork('requests'), ingredients);
    // Each sequence leaves some operations out, so that the others come closer together.
    this.recipes = RECIPES.filter(([, op]) => !ingredients.without.has(op) && this.prng.below(8) > 0);
    this.usesQuota = ingredients.quota && this.prng.below(4) === 0;
  }

  make(length: number): Step[] {
    const steps: Step[] = [this.prelude()];
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.prng.below(2) === 0) steps.push({ kind: 'requests', slot, requests: [this.maker.login()] });
    }
    while (steps.length < length) steps.push(this.step());
    return steps;
  }

  /** Most sequences begin with most of the nodes there. */
  private prelude(): Step {
    const slot = this.prng.below(SLOTS);
    const present = this.prng.below(6) === 0 ? 0 : 4;
    const requests = STARTING_NODES.filter(() => this.prng.below(5) < present).map(([path, flags]) =>
      this.maker.createOpen(path, flags),
    );
    return requests.length > 0 ? { kind: 'requests', slot, requests } : { ...NEW_SESSION, slot };
  }

  private step(): Step {
    const slot = this.prng.below(SLOTS);
    this.maker.slot = slot;
    const draw = this.prng.below(100);
    if (draw < 4) return this.open(slot);
    if (draw < 5) return this.raw(slot);
    if (draw < 6) return { kind: 'drop', slot };
    if (draw < 7) return this.rawFirst(slot);
    const requests = this.burst();
    return this.prng.below(10) > 0
      ? { kind: 'requests', slot, requests }
      : { kind: 'requests', slot, requests, cut: this.prng.below(90) };
  }

  private burst(): MadeRequest[] {
    if (this.usesQuota && this.prng.below(10) === 0) {
      return this.prng.below(3) === 0 ? this.maker.quota() : [this.maker.quotaUse()];
    }
    // A hard limit is judged by what has been applied, so writes behind one another would race.
    const isBurst = this.prng.below(100) < BURST_PERCENT && !(this.usesQuota && this.ingredients.enforcedQuota);
    const count = isBurst ? 2 + this.prng.below(BURST_MAX - 1) : 1;
    const burst: MadeRequest[] = [];
    while (burst.length < count) {
      const made = this.request();
      const isAlone = isEvened(made) || isRefusal(made);
      if (burst.length > 0 && (isAlone || EARLY.has(made.op))) continue;
      burst.push(made);
      if (isAlone || made.closing !== Closing.Never || made.op === OpCode.setACL) break;
    }
    return burst;
  }

  private request(): MadeRequest {
    const total = this.recipes.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.prng.float() * total;
    let at = 0;
    for (; left >= this.recipes[at][0]; at++) left -= this.recipes[at][0];
    const made = this.recipes[at][2](this.maker);
    const mayBreak = !EARLY.has(made.op) && made.traits.length === 0;
    return mayBreak && this.prng.below(100) < DAMAGED_PERCENT ? this.maker.damaged(made) : made;
  }

  private open(slot: number): OpenStep {
    const sessions: SessionChoice[] = [
      { kind: 'new' },
      { kind: 'of slot', slot: this.prng.below(SLOTS) },
      { kind: 'of slot', slot: this.prng.below(SLOTS) },
      { kind: 'of slot', slot },
      { kind: 'closed' },
      { kind: 'unknown' },
    ];
    const isWrong = this.prng.below(4) === 0;
    return {
      ...NEW_SESSION,
      slot,
      session: this.maker.pick(sessions),
      password: isWrong ? this.maker.pick([Password.Wrong, Password.Short, Password.Null]) : Password.Right,
      timeOutMs: this.maker.pick(TIMEOUTS_MS),
      lastZxid: this.maker.pick([LastZxid.None, LastZxid.Newest, LastZxid.Newest, LastZxid.Future]),
      readOnly: this.maker.pick([false, false, true, null]),
      behind: this.prng.below(3) === 0 ? this.burst().filter((made) => !isEvened(made) && !isEarly(made)) : [],
    };
  }

  private raw(slot: number): RawStep {
    const [text, bytes] = this.maker.pick<readonly [string, Buffer]>([
      ['frame of length 0', int32(0)],
      ['frame of length -1', int32(-1)],
      ['frame of length 0x7fffffff', int32(0x7fff_ffff)],
      ['frame of length 0x100000', int32(0x10_0000)],
      ['frame of 4 bytes', Buffer.concat([int32(4), int32(1)])],
      ['frame of 7 bytes', Buffer.concat([int32(7), Buffer.alloc(7)])],
      ['ruok', Buffer.from('ruok')],
    ]);
    return { kind: 'raw', slot, bytes, text, isFirst: false };
  }

  private rawFirst(slot: number): RawStep {
    const password = Buffer.concat([int32(0), Buffer.alloc(8), int32(10_000), Buffer.alloc(8)]);
    const [text, bytes] = this.maker.pick<readonly [string, Buffer]>([
      ['frame of length 0', int32(0)],
      ['frame of length -1', int32(-1)],
      ['frame of length 0x7fffffff', int32(0x7fff_ffff)],
      ['a word that is none', Buffer.from('xyzw')],
      ['isro', Buffer.from('isro')],
      ['ruok and more', Buffer.from('ruokruok')],
      ['the end of telnet', Buffer.from('fff4fffd', 'hex')],
      ['a cut ConnectRequest', framed(password.subarray(0, 20))],
      ['a ConnectRequest without a password', framed(password)],
      ['a password of -2 bytes', framed(Buffer.concat([password, int32(-2)]))],
      ['a password of 1000 bytes, of which 4 come', framed(Buffer.concat([password, int32(1000), int32(0)]))],
    ]);
    return { kind: 'raw', slot, bytes, text, isFirst: true };
  }
}

function framed(payload: Buffer): Buffer {
  return Buffer.concat([int32(payload.length), payload]);
}

function isEarly(made: MadeRequest): boolean {
  return EARLY.has(made.op) || made.closing !== Closing.Never;
}

/** Closes the connection, and not by the ordinary way through the pipeline. */
function isRefusal(made: MadeRequest): boolean {
  return made.closing !== Closing.Never && made.op !== OpCode.closeSession;
}

const LONELY_TRAITS: ReadonlySet<Trait> = new Set([Trait.ExistsWatch, Trait.NullPathInMulti, Trait.MultiBreaks]);

/** When the servers differ here they are evened out behind the step: nothing may come between. */
function isEvened({ op, traits }: MadeRequest): boolean {
  if (traits.includes(Trait.Damaged)) return !READS.has(op);
  if (traits.some((trait) => LONELY_TRAITS.has(trait))) return true;
  return op === OpCode.removeWatches || op === OpCode.checkWatches || op === OpCode.sasl;
}
