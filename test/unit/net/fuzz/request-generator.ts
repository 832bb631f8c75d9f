/**
 * Frames that a client might send if it were broken or wicked: every request record of the protocol by its structure, most
 * fields right, a few of them not; frames cut, prolonged, or with a length that lies; handshakes; noise. All is drawn from
 * one generator, so a seed repeats a conversation byte for byte. Shares no encoder with the product, and says of each frame
 * what an answer to it would look like.
 */
import type { Prng } from '../../../../src/base/prng.js';
import {
  ACL_IDS,
  CREDENTIALS,
  EVIL_BYTES,
  EVIL_INTS,
  EVIL_LONGS,
  EVIL_PATHS,
  EVIL_TEXTS,
  LYING_COUNTS,
  LYING_LENGTHS,
  ORDINARY_NAMES,
  SASL_TOKENS,
  SCHEMES,
} from './evil-values.js';

type Field =
  | 'path'
  | 'text'
  | 'data'
  | 'acl'
  | 'flags'
  | 'ttlFlags'
  | 'ttl'
  | 'version'
  | 'watch'
  | 'paths'
  | 'mode'
  | 'watchType'
  | 'zxid'
  | 'scheme'
  | 'credentials'
  | 'saslToken'
  | 'int';

interface RecordShape {
  readonly op: number;
  readonly fields: readonly Field[];
  /** How often it is drawn; 1 unless it says so. */
  readonly weight?: number;
}

const PING = 11;
const CLOSE_SESSION = -11;
const MULTI = 14;
const MULTI_READ = 22;
const CREATE: RecordShape = { op: 1, fields: ['path', 'data', 'acl', 'flags'], weight: 6 };
const DELETE: RecordShape = { op: 2, fields: ['path', 'version'], weight: 3 };
const GET_DATA: RecordShape = { op: 4, fields: ['path', 'watch'], weight: 3 };
const SET_DATA: RecordShape = { op: 5, fields: ['path', 'data', 'version'], weight: 4 };
const GET_CHILDREN: RecordShape = { op: 8, fields: ['path', 'watch'], weight: 2 };
const CHECK: RecordShape = { op: 13, fields: ['path', 'version'] };
const CREATE_2: RecordShape = { op: 15, fields: ['path', 'data', 'acl', 'flags'], weight: 2 };
const CREATE_CONTAINER: RecordShape = { op: 19, fields: ['path', 'data', 'acl', 'flags'] };
const CREATE_TTL: RecordShape = { op: 21, fields: ['path', 'data', 'acl', 'ttlFlags', 'ttl'] };

/** Of single requests that are no multi. */
const RECORDS: readonly RecordShape[] = [
  CREATE,
  DELETE,
  GET_DATA,
  SET_DATA,
  GET_CHILDREN,
  CREATE_2,
  CREATE_CONTAINER,
  CREATE_TTL,
  { op: 3, fields: ['path', 'watch'], weight: 3 },
  { op: 6, fields: ['path'] },
  { op: 7, fields: ['path', 'acl', 'version'], weight: 2 },
  { op: 9, fields: ['path'] },
  { op: PING, fields: [] },
  { op: 12, fields: ['path', 'watch'], weight: 2 },
  { op: 16, fields: ['text', 'text', 'text', 'zxid'] },
  { op: 17, fields: ['path', 'watchType'] },
  { op: 18, fields: ['path', 'watchType'] },
  { op: 100, fields: ['int', 'scheme', 'credentials'] },
  { op: 101, fields: ['zxid', 'paths', 'paths', 'paths'] },
  { op: 102, fields: ['saslToken'] },
  { op: 103, fields: ['path'] },
  { op: 104, fields: ['path'] },
  { op: 105, fields: ['zxid', 'paths', 'paths', 'paths', 'paths', 'paths'] },
  { op: 106, fields: ['path', 'mode'] },
  { op: 107, fields: [] },
];
/** Refused with a closed connection: rare, so that conversations get long. */
const CLOSING_RECORDS: readonly RecordShape[] = [
  { op: CLOSE_SESSION, fields: [] },
  { op: 0, fields: ['path'] },
  CHECK,
  { op: 20, fields: ['path'] },
  { op: -10, fields: ['int'] },
  { op: -1, fields: ['int'] },
];
const MULTI_RECORDS = [CREATE, DELETE, SET_DATA, CHECK, CREATE_2, CREATE_CONTAINER, CREATE_TTL];
const MULTI_READ_RECORDS = [GET_DATA, GET_CHILDREN];
const PARENT_NAMES = ['a', '__proto__', 'constructor'];
const DRAWN = RECORDS.flatMap((shape) => new Array<RecordShape>(shape.weight ?? 1).fill(shape));

/** How far a frame keeps to the rules of framing. */
export const Framing = {
  /** Its length is true, and it holds a request header: it is answered or closes the connection. */
  whole: 'whole',
  /** Its length is one that no frame has: the connection closes. */
  closing: 'closing',
  /** What follows is taken for a part of it, or its bytes for several frames: nothing can be said of the answers. */
  unclear: 'unclear',
} as const;
export type Framing = (typeof Framing)[keyof typeof Framing];

export interface GeneratedFrame {
  readonly bytes: Uint8Array;
  readonly framing: Framing;
  /** What a reply to a whole frame says. */
  readonly replyXid: number;
  readonly op: number;
}

const FRAME_BYTES_MAX = 0xf_ffff;
/** With an empty password and without the last field. */
const CONNECT_BYTES_MIN = 28;
/** Becomes an identity, and with it a part of every `auth` entry of an ACL. */
const LONG_CREDENTIALS = `${'mallory'.repeat(5000)}:secret`;
const LARGE = new Uint8Array(200_000);
/** How probable it is that a field is evil; drawn anew for every frame, so that many are wholly right. */
const EVIL_SHARES = [0, 0, 0, 0.05, 0.2, 0.6];

export class RequestGenerator {
  private readonly prng: Prng;
  private readonly knownPaths: readonly string[];
  private readonly inMulti: readonly RecordShape[];
  /** For those that break its rules. */
  private readonly anyInMulti: readonly RecordShape[];
  private buffer = Buffer.allocUnsafe(1 << 16);
  private length = 0;
  private evilShare = 0;

  /** `knownPaths`: what the attacker knows to be there; `neverInMulti`: operations that are only sent alone. */
  constructor(prng: Prng, knownPaths: readonly string[], neverInMulti: readonly number[] = []) {
    this.prng = prng;
    this.knownPaths = knownPaths;
    this.inMulti = MULTI_RECORDS.filter(({ op }) => !neverInMulti.includes(op));
    this.anyInMulti = DRAWN.filter(({ op }) => !neverInMulti.includes(op));
  }

  /** One frame of a connection that has a session. */
  next(): GeneratedFrame {
    const { prng } = this;
    this.length = 4;
    this.evilShare = this.pick(EVIL_SHARES);
    const xid = prng.below(50) === 0 ? this.pick([0, -2, -3, -4, -8, 0x7fff_ffff, -0x8000_0000]) : 1 + prng.below(1000);
    this.int(xid);
    const op = this.request();
    const kind = prng.below(200);
    if (kind === 0) this.length = 12 + prng.below(Math.max(this.length - 12, 1));
    else if (kind < 5) this.noise(1 + prng.below(40));
    if (kind === 5) return this.finish(this.pick([0, -1, -0x8000_0000, FRAME_BYTES_MAX + 1, 0x7fff_ffff]), xid, op);
    if (kind === 6) return this.finish(this.length - 4 + this.pick([-5, -1, 1, 4, 100]), xid, op);
    return this.finish(this.length - 4, xid, op);
  }

  /** A ConnectRequest, mostly a good one. `sessionId` 0 asks for a new session. */
  handshake(sessionId: bigint, password: Uint8Array): { bytes: Uint8Array; framing: Framing } {
    const { prng } = this;
    this.length = 4;
    this.evilShare = prng.below(8) === 0 ? 0.3 : 0;
    this.int(this.isEvil() ? this.pick(EVIL_INTS) : 0);
    this.long(this.isEvil() ? this.pick(EVIL_LONGS) : 0n);
    this.int(this.isEvil() ? this.pick(EVIL_INTS) : 4000 + prng.below(40_000));
    this.long(this.isEvil() ? this.pick(EVIL_LONGS) : sessionId);
    this.counted(password);
    if (prng.below(10) > 0) this.byte(this.isEvil() ? this.pick(EVIL_BYTES) : 0);
    if (this.isEvil()) this.length = 4 + prng.below(this.length - 4);
    const isLying = this.isEvil();
    this.buffer.writeInt32BE(isLying ? this.pick(LYING_LENGTHS) : this.length - 4, 0);
    return {
      bytes: new Uint8Array(this.buffer.subarray(0, this.length)),
      framing: isLying ? Framing.unclear : this.length < 4 + CONNECT_BYTES_MIN ? Framing.closing : Framing.whole,
    };
  }

  // ---- requests

  /** Header's type and body; the type. */
  private request(): number {
    const { prng } = this;
    const kind = prng.below(100);
    if (kind === 0) {
      const op = prng.below(2) === 0 ? this.pick(EVIL_INTS) : prng.below(128) - 16;
      this.int(op);
      this.noise(prng.below(60));
      return op;
    }
    if (kind === 1) return this.record(this.pick(CLOSING_RECORDS));
    if (kind < 12) {
      const op = prng.below(4) === 0 ? MULTI_READ : MULTI;
      this.int(op);
      this.multi(op === MULTI ? this.inMulti : MULTI_READ_RECORDS);
      return op;
    }
    return this.record(this.pick(DRAWN));
  }

  private record(shape: RecordShape): number {
    this.int(shape.op);
    for (const field of shape.fields) this.field(field);
    return shape.op;
  }

  private multi(allowed: readonly RecordShape[]): void {
    const count = this.prng.below(200) === 0 ? 500 : this.prng.below(7);
    for (let i = 0; i < count; i++) {
      const shape = this.pick(this.isEvil() ? this.anyInMulti : allowed);
      this.multiHeader(this.isEvil() ? this.pick(EVIL_INTS) : shape.op, this.isEvil());
      for (const field of shape.fields) this.field(field);
    }
    if (!this.isEvil()) this.multiHeader(-1, true);
  }

  private multiHeader(type: number, done: boolean): void {
    this.int(type);
    this.byte(this.isEvil() ? this.pick(EVIL_BYTES) : done ? 1 : 0);
    this.int(this.isEvil() ? this.pick(EVIL_INTS) : -1);
  }

  private field(field: Field): void {
    const { prng } = this;
    const isEvil = this.isEvil();
    switch (field) {
      case 'path':
        if (isEvil) this.evilText(EVIL_PATHS);
        else this.text(this.path());
        break;
      case 'text':
        if (isEvil) this.evilText(EVIL_TEXTS);
        else this.text(this.pick(['', 'server.2=localhost:1:2;3', '1,2']));
        break;
      case 'data':
        this.data(isEvil);
        break;
      case 'acl':
        this.acl(isEvil);
        break;
      case 'flags':
        this.int(isEvil ? this.pick(EVIL_INTS) : prng.below(prng.below(8) === 0 ? 7 : 4));
        break;
      case 'ttlFlags':
        this.int(isEvil ? this.pick(EVIL_INTS) : prng.below(4) > 0 ? 5 + prng.below(2) : prng.below(7));
        break;
      case 'ttl':
        this.long(isEvil ? this.pick(EVIL_LONGS) : BigInt(1 + prng.below(1 << 20)));
        break;
      case 'version':
        this.int(isEvil ? this.pick(EVIL_INTS) : prng.below(3) === 0 ? prng.below(4) : -1);
        break;
      case 'watch':
        this.byte(isEvil ? this.pick(EVIL_BYTES) : prng.below(2));
        break;
      case 'paths':
        this.paths(isEvil);
        break;
      case 'mode':
        this.int(isEvil ? this.pick(EVIL_INTS) : prng.below(2));
        break;
      case 'watchType':
        this.int(isEvil ? this.pick(EVIL_INTS) : 1 + prng.below(5));
        break;
      case 'zxid':
        this.long(isEvil ? this.pick(EVIL_LONGS) : BigInt(prng.below(2000)));
        break;
      case 'scheme':
        if (isEvil) this.evilText(EVIL_TEXTS);
        else this.text(prng.below(3) > 0 ? 'digest' : this.pick(SCHEMES));
        break;
      case 'credentials':
        if (!isEvil) this.text(this.pick(CREDENTIALS));
        else if (prng.below(3) === 0) this.text(LONG_CREDENTIALS);
        else this.evilText(EVIL_TEXTS);
        break;
      case 'saslToken':
        if (isEvil) this.evilText(EVIL_TEXTS);
        else this.text(this.pick(SASL_TOKENS));
        break;
      case 'int':
        this.int(isEvil ? this.pick(EVIL_INTS) : 0);
        break;
    }
  }

  private path(): string {
    const { prng } = this;
    if (prng.below(4) === 0) {
      const known = this.pick(this.knownPaths);
      return prng.below(3) === 0 ? `${known}/${this.pick(ORDINARY_NAMES)}` : known;
    }
    // Few parents, so that many of them are there.
    let path = '';
    for (let depth = prng.below(3); depth > 0; depth--) path += `/${this.pick(PARENT_NAMES)}`;
    return `${path}/${this.pick(ORDINARY_NAMES)}`;
  }

  private data(isEvil: boolean): void {
    if (!isEvil) {
      this.noiseCounted(this.prng.below(30));
    } else if (this.prng.below(30) === 0) {
      this.counted(LARGE);
    } else {
      this.int(this.pick(LYING_LENGTHS));
      this.noise(this.prng.below(20));
    }
  }

  private acl(isEvil: boolean): void {
    const { prng } = this;
    if (!isEvil && prng.below(5) > 0) {
      this.int(1);
      this.int(31);
      this.text('world');
      this.text('anyone');
      return;
    }
    const count = prng.below(4);
    this.int(isEvil && prng.below(2) === 0 ? this.pick(LYING_COUNTS) : count);
    for (let i = 0; i < count; i++) {
      this.int(this.isEvil() ? this.pick(EVIL_INTS) : prng.below(32));
      if (this.isEvil()) this.evilText(EVIL_TEXTS);
      else this.text(this.pick(SCHEMES));
      if (this.isEvil()) this.evilText(EVIL_TEXTS);
      else this.text(this.pick(ACL_IDS));
    }
  }

  private paths(isEvil: boolean): void {
    const count = this.prng.below(60) === 0 ? 300 : this.prng.below(4);
    this.int(isEvil ? this.pick(LYING_COUNTS) : count);
    for (let i = 0; i < count; i++) this.field('path');
  }

  private evilText(texts: readonly Uint8Array[]): void {
    const bytes = this.pick(texts);
    const isLying = this.prng.below(3) === 0;
    const lie = this.prng.below(2) === 0 ? this.pick(LYING_LENGTHS) : bytes.length + this.pick([-1, 1]);
    this.int(isLying ? lie : bytes.length);
    this.raw(bytes);
  }

  private text(text: string): void {
    this.reserve(4 + text.length * 3);
    const length = this.buffer.write(text, this.length + 4);
    this.buffer.writeInt32BE(length, this.length);
    this.length += 4 + length;
  }

  // ---- bytes

  private finish(length: number, xid: number, op: number): GeneratedFrame {
    this.buffer.writeInt32BE(length, 0);
    const closes = length < 8 || length > FRAME_BYTES_MAX;
    const isTrue = length === this.length - 4;
    return {
      bytes: new Uint8Array(this.buffer.subarray(0, this.length)),
      framing: closes ? Framing.closing : isTrue ? Framing.whole : Framing.unclear,
      replyXid: op === PING ? -2 : xid,
      op,
    };
  }

  private isEvil(): boolean {
    return this.evilShare > 0 && this.prng.float() < this.evilShare;
  }

  private pick<T>(values: readonly T[]): T {
    return values[this.prng.below(values.length)] as T;
  }

  private counted(bytes: Uint8Array): void {
    this.int(bytes.length);
    this.raw(bytes);
  }

  private noiseCounted(count: number): void {
    this.int(count);
    this.noise(count);
  }

  private noise(count: number): void {
    this.reserve(count);
    for (let i = 0; i < count; i++) this.buffer[this.length++] = this.prng.next32() >>> 24;
  }

  private raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  private byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  private int(value: number): void {
    this.reserve(4);
    this.length = this.buffer.writeInt32BE(value | 0, this.length);
  }

  private long(value: bigint): void {
    this.reserve(8);
    this.length = this.buffer.writeBigInt64BE(value, this.length);
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + count));
    bigger.set(this.buffer.subarray(0, this.length));
    this.buffer = bigger;
  }
}
