// Makes the requests of a sequence: each function draws what it is not given and returns bytes and a line of text. The
// caller decides which operation comes next; how often what it names exists, fails or lies is decided here. One maker
// serves one sequence: it remembers which kind of watch the sequence uses where.

import type { Prng } from '../../../src/base/prng.js';
import { OpCode, opName } from '../../../src/protocol/op-code.js';
import { WatcherType } from '../../../src/protocol/watch-event.js';
import { counted, int32, int64 } from '../../testing/wire-connection.js';
import {
  BAD_ACLS,
  type Bytes,
  GOOD_ACLS,
  IPV6_ACL,
  LYING_LENGTHS,
  type NamedAcl,
  ODD_INTS,
  ODD_PATHS,
  OPEN_ACL,
  SUPPLEMENTARY_PATH,
} from './bad-values.js';
import { bytesText } from './frame-text.js';
import { Closing, type MadeRequest } from './step.js';
import { Trait } from './trait.js';

/** Where nearly everything happens, so that things collide. */
const PATHS = [
  '/a',
  '/a/b',
  '/a/b/c',
  '/a/e',
  '/b',
  '/b/c',
  '/c',
  '/ü',
  '/__proto__',
  '/n',
  '/a/n',
  '/b/n',
  '/ü/n',
] as const;
const SYSTEM_PATHS = ['/', '/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config', '/zookeeper/x'] as const;
const GUESSED_PATHS = ['/a/s-0000000000', '/a/s-0000000001', '/s-0000000002', '/b/0000000001', '/a/b/s-0000000000'];
const DATA: readonly Bytes[] = [null, '', 'x', 'hello', Buffer.alloc(100, 'y')];
const LONG_DATA = [Buffer.alloc(5000, 'z'), Buffer.alloc(70_000, 'z'), Buffer.alloc(1_000_000, 'z')];
const LIMITS = [
  'count=3,bytes=-1',
  'count=-1,bytes=40',
  'count=5,bytes=50',
  'count=-1,bytes=-1=;byteHardLimit=40;countHardLimit=3',
  'countHardLimit=4',
  'byteHardLimit=30;count=2',
  'count=0,bytes=0',
];
/** A superuser's, and of one who has an ACL above. */
const USERS = ['bob:pw', 'bob:pw', 'ann:pw', 'super:secret', 'nocolon', ':', 'a:b:c', ''] as const;

/**
 * Which watches are set on a path. One kind per path and sequence: 3.8.0 keeps only the last mode of a path, later
 * releases all of them (client-protocol 13), and there is no evening that out.
 */
const WatchKind = { Standard: 0, Persistent: 1, Recursive: 2 } as const;
type WatchKind = (typeof WatchKind)[keyof typeof WatchKind];

/** What the sequences may contain besides the plain operations. */
export interface Ingredients {
  /** The servers refuse what goes over a hard limit. */
  readonly enforcedQuota: boolean;
  readonly quota: boolean;
  /** Operations that are left out. */
  readonly without: ReadonlySet<number>;
}

interface Path {
  readonly bytes: Bytes;
  readonly text: string;
}

interface Watched {
  readonly path: Path;
  /** WatcherType */
  readonly type: number;
}

interface Extra {
  readonly closing?: Closing;
  readonly traits?: readonly Trait[];
  readonly zxidPatch?: { readonly offset: number; readonly back: number };
}

export class RequestMaker {
  private readonly prng: Prng;
  private readonly ingredients: Ingredients;
  private readonly watchSalt: number;
  private xid = 0;
  private lastPath: Path = named('/a');
  /** What each slot has set a watch on, perhaps. */
  private readonly watched: Watched[][] = [];
  /** Who is going to send what is made next. */
  slot = 0;

  constructor(prng: Prng, ingredients: Ingredients) {
    this.prng = prng;
    this.ingredients = ingredients;
    this.watchSalt = prng.below(1000);
  }

  chance(percent: number): boolean {
    return this.prng.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.prng.below(list.length)] as T;
  }

  /** Any path: mostly one of the few, often the last one again. */
  path(): Path {
    const draw = this.prng.below(100);
    if (draw < 30) return this.lastPath;
    if (draw < 80) {
      this.lastPath = named(this.pick(PATHS));
      return this.lastPath;
    }
    if (draw < 86) return named(this.pick(SYSTEM_PATHS));
    if (draw < 94) return named(this.pick(GUESSED_PATHS));
    return named(this.pick(ODD_PATHS));
  }

  make(op: number, text: string, body: Buffer, extra: Extra = {}): MadeRequest {
    return {
      op,
      xid: this.nextXid(),
      body,
      text: `${opName(op)} ${text}`,
      closing: extra.closing ?? Closing.Never,
      traits: extra.traits ?? [],
      ...(extra.zxidPatch === undefined ? {} : { zxidPatch: extra.zxidPatch }),
    };
  }

  /** Bytes are missing at the end, lie about a length or are too many. */
  damaged(whole: MadeRequest): MadeRequest {
    const { body, op } = whole;
    const made = { ...whole, traits: [...whole.traits, Trait.Damaged] };
    if (made.closing !== Closing.Never || body.length === 0) return made;
    if (this.chance(30)) {
      const more = Buffer.alloc(1 + this.prng.below(9), 0xff);
      return { ...made, body: Buffer.concat([body, more]), text: `${made.text} and ${more.length} bytes more` };
    }
    const { zxidPatch: _, ...rest } = made;
    // A createTTL whose ttl is lost must not become one with a negative ttl, which Apache does not survive.
    if (this.chance(50) || op === OpCode.createTTL || op === OpCode.multi || op === OpCode.multiRead) {
      const length = this.prng.below(body.length);
      return { ...rest, body: body.subarray(0, length), text: `${made.text} cut to ${length} bytes` };
    }
    const lie = this.pick(LYING_LENGTHS);
    const lying = Buffer.from(body);
    if (lying.length >= 4) lying.writeInt32BE(lie, 0);
    return { ...rest, body: lying, text: `${made.text} with ${lie} in front` };
  }

  createOpen(path: string, flags: number): MadeRequest {
    const body = Buffer.concat([counted(path), counted('there'), OPEN_ACL.bytes, int32(flags)]);
    return this.make(OpCode.create, `${path} flags=${flags}`, body);
  }

  create(op: number): MadeRequest {
    const { text, body, traits } = this.createBody(op, false);
    return this.make(op, text, body, { traits });
  }

  delete(): MadeRequest {
    const { text, body } = this.versioned();
    return this.make(OpCode.delete, text, body);
  }

  /** A request of its own only before 3.9, and then one that is never answered. */
  check(): MadeRequest {
    const { text, body } = this.versioned();
    return this.make(OpCode.check, text, body, { closing: Closing.OursOnly });
  }

  setData(): MadeRequest {
    const { text, body } = this.setDataBody();
    return this.make(OpCode.setData, text, body);
  }

  setACL(): MadeRequest {
    const path = this.path();
    const isRoot = path.bytes === '/';
    // A root that nobody may create under makes the rest of a sequence dull.
    const acl = isRoot && this.chance(80) ? OPEN_ACL : this.acl(40);
    const version = this.version();
    const body = Buffer.concat([counted(path.bytes), acl.bytes, int32(version)]);
    return this.make(OpCode.setACL, `${path.text} acl=${acl.name} version=${version}`, body);
  }

  /** InvalidACL to one server and NoNode to the other: the node must be missing. */
  ipv6Acl(): MadeRequest {
    const body = Buffer.concat([counted('/none/x'), IPV6_ACL.bytes, int32(-1)]);
    return this.make(OpCode.setACL, `"/none/x" acl=${IPV6_ACL.name} version=-1`, body, { traits: [Trait.Ipv6Acl] });
  }

  exists(): MadeRequest {
    return this.watchable(OpCode.exists);
  }

  /** exists, getData, getChildren, getChildren2. */
  watchable(op: number): MadeRequest {
    const path = this.path();
    const watch = this.watchKind(path) === WatchKind.Standard && this.chance(50);
    const body = Buffer.concat([counted(path.bytes), Uint8Array.of(watch ? 1 : 0)]);
    const isChild = op === OpCode.getChildren || op === OpCode.getChildren2;
    if (watch) this.remember({ path, type: isChild ? WatcherType.Children : WatcherType.Data });
    const traits = op === OpCode.exists && watch ? [Trait.ExistsWatch] : [];
    return this.make(op, `${path.text} watch=${watch}`, body, { traits });
  }

  /** getACL, getAllChildrenNumber, sync. */
  pathOnly(op: number): MadeRequest {
    const supplementary = op === OpCode.sync && this.chance(3);
    const path = supplementary ? named(SUPPLEMENTARY_PATH) : this.path();
    return this.make(op, path.text, counted(path.bytes), supplementary ? { traits: [Trait.Supplementary] } : {});
  }

  getEphemerals(): MadeRequest {
    const prefix = this.pick<Bytes>([
      null,
      '',
      '/',
      ' ',
      '/a',
      '/a/',
      '/a/b',
      'a',
      '/b',
      '/zookeeper',
      '\t',
      '/\u00fc',
    ]);
    return this.make(OpCode.getEphemerals, bytesText(bufferOf(prefix)), counted(prefix));
  }

  bodiless(op: number): MadeRequest {
    const body = this.chance(10) ? Buffer.from('whatever') : Buffer.alloc(0);
    return this.make(op, body.length > 0 ? 'with a body' : '', body);
  }

  reconfig(): MadeRequest {
    const text = (): Bytes => this.pick<Bytes>([null, '', '2', 'x', 'server.2=localhost:1:2;3']);
    const [joining, leaving, members] = [text(), text(), text()];
    const version = BigInt(this.pick([-1, 0, 5]));
    const body = Buffer.concat([counted(joining), counted(leaving), counted(members), int64(version)]);
    const words = [joining, leaving, members].map((each) => bytesText(bufferOf(each))).join(' ');
    return this.make(OpCode.reconfig, `${words} ${version}`, body);
  }

  addWatch(): MadeRequest {
    const path = this.path();
    if (this.chance(8)) {
      const mode = this.pick([2, 3, -1, 0x7fff_ffff]);
      return this.make(OpCode.addWatch, `${path.text} mode=${mode}`, Buffer.concat([counted(path.bytes), int32(mode)]));
    }
    const kind = this.watchKind(path);
    if (kind === WatchKind.Standard) return this.watchable(this.pick([OpCode.exists, OpCode.getData]));
    const mode = kind === WatchKind.Persistent ? 0 : 1;
    this.remember({ path, type: WatcherType.Any });
    return this.make(OpCode.addWatch, `${path.text} mode=${mode}`, Buffer.concat([counted(path.bytes), int32(mode)]));
  }

  /** checkWatches, removeWatches. */
  watches(op: number): MadeRequest {
    const watched = this.watched[this.slot]?.slice(-4) ?? [];
    if (watched.length > 0 && this.chance(70)) {
      const { path, type } = this.pick(watched);
      return this.make(op, `${path.text} type=${type}`, Buffer.concat([counted(path.bytes), int32(type)]));
    }
    const path = this.path();
    // Types 1 and 2 take away persistent watches, too, in 3.8.0.
    const isStandard = this.watchKind(path) === WatchKind.Standard;
    const type = this.pick(isStandard ? [1, 1, 2, 2, 3, 3, 4, 5, 0, 6, -1] : [3, 3, 4, 5, 0, 6]);
    return this.make(op, `${path.text} type=${type}`, Buffer.concat([counted(path.bytes), int32(type)]));
  }

  /** setWatches, setWatches2. */
  setWatches(op: number): MadeRequest {
    const list = (kind: WatchKind): { bytes: Buffer; text: string } => {
      if (this.chance(2)) return { bytes: int32(-1), text: 'null' };
      const paths = Array.from({ length: this.prng.below(4) }, () => this.path()).filter(
        (path) => path.bytes !== null && this.watchKind(path) === kind,
      );
      const bytes = Buffer.concat([int32(paths.length), ...paths.map((path) => counted(path.bytes))]);
      return { bytes, text: `[${paths.map((path) => path.text).join(' ')}]` };
    };
    const lists = [list(WatchKind.Standard), list(WatchKind.Standard), list(WatchKind.Standard)];
    if (op === OpCode.setWatches2) lists.push(list(WatchKind.Persistent), list(WatchKind.Recursive));
    const text = lists.map((each) => each.text).join(' ');
    const relative = this.pick([0n, -1n, 5n, 1n << 62n]);
    const body = Buffer.concat([int64(relative), ...lists.map((each) => each.bytes)]);
    if (this.chance(40)) return this.make(op, `zxid=${relative} ${text}`, body);
    const back = this.prng.below(12);
    return this.make(op, `zxid=newest-${back} ${text}`, body, { zxidPatch: { offset: 0, back } });
  }

  multi(): MadeRequest {
    const traits = new Set<Trait>();
    const texts: string[] = [];
    const parts: Buffer[] = [];
    const count = this.pick([0, 1, 1, 2, 2, 3, 3, 4, 6]);
    for (let i = 0; i < count; i++) {
      const op = this.subOp();
      const sub = this.subBody(op);
      for (const trait of sub.traits) traits.add(trait);
      parts.push(this.multiHeader(op, false), sub.body);
      texts.push(`${opName(op)} ${sub.text}`);
    }
    const body = this.multiEnd(parts);
    return this.make(OpCode.multi, `{${texts.join('; ')}}${body.text}`, body.bytes, { traits: [...traits] });
  }

  multiRead(): MadeRequest {
    const traits = new Set<Trait>();
    const texts: string[] = [];
    const parts: Buffer[] = [];
    const count = this.pick([0, 1, 1, 2, 2, 3, 5]);
    for (let i = 0; i < count; i++) {
      const odd = this.chance(4);
      const op = odd
        ? this.pick([OpCode.create, OpCode.delete, OpCode.setData, OpCode.check, OpCode.exists, 99])
        : this.pick([OpCode.getData, OpCode.getChildren]);
      const path = this.path();
      const plain = Buffer.concat([counted(path.bytes), Uint8Array.of(this.prng.below(2))]);
      const sub = op === OpCode.getData || op === OpCode.getChildren ? null : this.subBody(op);
      if (sub?.traits.includes(Trait.MultiFlags)) traits.add(Trait.MultiFlags);
      parts.push(this.multiHeader(op, false), sub?.body ?? plain);
      texts.push(`${opName(op)} ${sub?.text ?? path.text}`);
    }
    const body = this.multiEnd(parts);
    return this.make(OpCode.multiRead, `{${texts.join('; ')}}${body.text}`, body.bytes, { traits: [...traits] });
  }

  auth(): MadeRequest {
    const bad = this.chance(12);
    const scheme = bad
      ? this.pick<Bytes>(['nosuch', '', null, 'world', 'sasl', 'super', 'x509'])
      : this.pick(['digest', 'digest', 'ip']);
    const data: Bytes = bad ? this.pick<Bytes>(['x', '', null]) : this.pick(USERS);
    const isNull = !bad && this.chance(3);
    const type = this.pick([0, 0, 1, -1]);
    const body = Buffer.concat([int32(type), counted(scheme), counted(isNull ? null : data)]);
    const text = `${bytesText(bufferOf(scheme))} ${isNull ? 'null' : dataText(data)}`;
    return this.make(OpCode.auth, text, body, { closing: bad || isNull ? Closing.Both : Closing.Never });
  }

  login(): MadeRequest {
    const who = this.pick(['bob:pw', 'ann:pw', 'super:secret']);
    const body = Buffer.concat([int32(0), counted('digest'), counted(who)]);
    return this.make(OpCode.auth, `"digest" ${who}`, body);
  }

  sasl(): MadeRequest {
    const token = this.pick<Bytes>(['', null, 'x']);
    return this.make(OpCode.sasl, bytesText(bufferOf(token)), counted(token));
  }

  closeSession(): MadeRequest {
    const made = this.bodiless(OpCode.closeSession);
    return { ...made, closing: Closing.Both };
  }

  unknownOp(): MadeRequest {
    const op = this.pick([0, 0, -1, 10, 23, 99, 108, -2, -12, 0x7fff_ffff, -0x8000_0000, -1]);
    return this.make(op, 'of no operation', Buffer.alloc(this.prng.below(12)), { closing: Closing.Both });
  }

  /** Only in forms that change nothing on a server that executes them. */
  internalOp(): MadeRequest {
    if (this.chance(30)) {
      const made = this.make(OpCode.createSession, '', int32(120_000), { closing: Closing.OursOnly });
      // Apache answers with a ConnectResponse, which must not look like a reply: it begins with a zero.
      return { ...made, xid: 0x1234_5678 };
    }
    const path = this.pick<Bytes>(['/none', '/', 'x', '/zookeeper/config']);
    const text = bytesText(bufferOf(path));
    return this.make(OpCode.deleteContainer, text, counted(path), { closing: Closing.OursOnly });
  }

  /** The nodes that make a quota, in the order in which clients create them. */
  quota(): MadeRequest[] {
    const root = this.pick(['/a', '/b', '/a/b']);
    const names = root.split('/').slice(1);
    const parents = names.map((_, i) => `/zookeeper/quota/${names.slice(0, i + 1).join('/')}`);
    const home = `/zookeeper/quota${root}`;
    const nodes: [string, string][] = [
      ...parents.map((path): [string, string] => [path, '']),
      [`${home}/zookeeper_limits`, this.pick(LIMITS)],
      [`${home}/zookeeper_stats`, this.pick(LIMITS)],
    ];
    return nodes.map(([path, data]) => {
      const body = Buffer.concat([counted(path), counted(data), OPEN_ACL.bytes, int32(0)]);
      return this.make(OpCode.create, `${path} data=${data}`, body);
    });
  }

  /** Reads of the use, other limits, the end of a quota. */
  quotaUse(): MadeRequest {
    const home = `/zookeeper/quota${this.pick(['/a', '/b', '/a/b'])}`;
    const stats = `${home}/zookeeper_stats`;
    const limits = `${home}/zookeeper_limits`;
    switch (this.prng.below(8)) {
      case 0:
        return this.make(OpCode.delete, stats, Buffer.concat([counted(stats), int32(-1)]));
      case 1:
        return this.make(OpCode.delete, limits, Buffer.concat([counted(limits), int32(-1)]));
      case 2: {
        const data = this.pick(LIMITS);
        const body = Buffer.concat([counted(limits), counted(data), int32(-1)]);
        return this.make(OpCode.setData, `${limits} ${data}`, body);
      }
      case 3: {
        const body = Buffer.concat([counted(stats), counted('count=2,bytes=7'), int32(-1)]);
        return this.make(OpCode.setData, `${stats} count=2,bytes=7`, body);
      }
      case 4:
        return this.make(OpCode.getChildren2, home, Buffer.concat([counted(home), Uint8Array.of(0)]));
      default:
        return this.make(OpCode.getData, stats, Buffer.concat([counted(stats), Uint8Array.of(0)]));
    }
  }

  private remember(watched: Watched): void {
    this.watched[this.slot] ??= [];
    this.watched[this.slot]?.push(watched);
  }

  private nextXid(): number {
    const draw = this.prng.below(100);
    if (draw < 3) return 0;
    if (draw < 6) return this.pick([-3, -4, -8, -0x8000_0000, -5]);
    if (draw < 10) return Math.max(1, this.xid); // once more
    this.xid += 1;
    return this.xid;
  }

  private version(): number {
    const draw = this.prng.below(100);
    if (draw < 70) return -1;
    return draw < 92 ? this.prng.below(3) : this.pick(ODD_INTS);
  }

  private acl(oddPercent: number): NamedAcl {
    if (!this.chance(oddPercent)) return OPEN_ACL;
    return this.chance(25) ? this.pick(BAD_ACLS) : this.pick(GOOD_ACLS);
  }

  private watchKind(path: Path): WatchKind {
    let hash = this.watchSalt;
    for (const char of path.text) hash = (hash * 31 + char.charCodeAt(0)) % 65521;
    if (this.ingredients.without.has(OpCode.addWatch)) return WatchKind.Standard;
    const draw = hash % 4;
    return draw === 2 ? WatchKind.Persistent : draw === 3 ? WatchKind.Recursive : WatchKind.Standard;
  }

  private versioned(): { text: string; body: Buffer; path: Path } {
    const path = this.path();
    const version = this.version();
    const body = Buffer.concat([counted(path.bytes), int32(version)]);
    return { text: `${path.text} version=${version}`, body, path };
  }

  private data(): Bytes {
    return this.chance(1) ? this.pick(LONG_DATA) : this.pick(DATA);
  }

  private setDataBody(): { text: string; body: Buffer; path: Path } {
    const path = this.path();
    const data = this.data();
    const version = this.version();
    return {
      text: `${path.text} data=${dataText(data)} version=${version}`,
      body: Buffer.concat([counted(path.bytes), counted(data), int32(version)]),
      path,
    };
  }

  private createBody(op: number, isInMulti: boolean): { text: string; body: Buffer; traits: Trait[] } {
    const flags = this.createFlags(op);
    const isSequential = flags === 2 || flags === 3 || flags === 6;
    const path = isSequential && this.chance(80) ? this.sequentialPath() : this.path();
    const data = this.data();
    const acl = this.acl(22);
    const fields = [counted(path.bytes), counted(data), acl.bytes, int32(flags)];
    let text = `${path.text} data=${dataText(data)} acl=${acl.name} flags=${flags}`;
    if (op === OpCode.createTTL) {
      const ttl = this.ttl(flags);
      fields.push(int64(ttl));
      text += ` ttl=${ttl}`;
    }
    const isBad = flags < 0 || flags > 6 || (op !== OpCode.createTTL && (flags === 5 || flags === 6));
    const traits: Trait[] = [];
    if (isInMulti && isBad) traits.push(Trait.MultiFlags);
    if (isInMulti && (isBad || BAD_ACLS.includes(acl))) traits.push(Trait.MultiBreaks);
    if (isInMulti) traits.push(...nullTraits(path));
    return { text, body: Buffer.concat(fields), traits };
  }

  private createFlags(op: number): number {
    if (this.chance(4)) return this.pick([7, -1, 0x7fff_ffff, -0x8000_0000]);
    switch (op) {
      case OpCode.createContainer:
        // Never 1 or 3: Apache takes the container for an ephemeral while the create is in flight, and then a close of the
        // session that overtakes it deletes the container. By client-protocol 3.6 it is none.
        return this.pick([4, 4, 4, 4, 0, 2, 5, 6]);
      case OpCode.createTTL:
        return this.pick([5, 5, 5, 6, 6, 0, 1, 2, 4]);
      default:
        return this.pick([
          0,
          0,
          0,
          0,
          0,
          1,
          1,
          1,
          2,
          2,
          3,
          3,
          5,
          6,
          this.ingredients.without.has(OpCode.createContainer) ? 0 : 4,
        ]);
    }
  }

  /** A negative one only with the flags of a TTL node: with others it kills Apache's server. */
  private ttl(flags: number): bigint {
    const isTtl = flags === 5 || flags === 6;
    if (!isTtl) return this.pick([0n, 1n, 5000n]);
    return this.pick([5000n, 5000n, 5000n, 1n, 0n, -1n, 0xff_ffff_ffffn, 0x100_0000_0000n, -5000n, 1n << 62n]);
  }

  private sequentialPath(): Path {
    return named(this.pick(['/s-', '/a/s-', '/a/', '/b/', '/', '/a/b/s-', '/missing/s-']));
  }

  private subOp(): number {
    if (this.chance(4)) return this.pick([OpCode.setACL, OpCode.getData, OpCode.exists, OpCode.multi, 99, 0, -11]);
    const choice: number[] = [OpCode.create, OpCode.create, OpCode.create, OpCode.delete, OpCode.setData, OpCode.check];
    choice.push(OpCode.create2, OpCode.delete, OpCode.setData, OpCode.check);
    if (!this.ingredients.without.has(OpCode.createContainer)) choice.push(OpCode.createContainer);
    if (!this.ingredients.without.has(OpCode.createTTL)) choice.push(OpCode.createTTL);
    return this.pick(choice);
  }

  private subBody(op: number): { text: string; body: Buffer; traits: readonly Trait[] } {
    switch (op) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return this.createBody(op, true);
      case OpCode.delete:
      case OpCode.check:
        return withNullTraits(this.versioned());
      default:
        return withNullTraits(this.setDataBody());
    }
  }

  private multiHeader(op: number, done: boolean): Buffer {
    const err = this.pick([-1, -1, -1, 0, 7]);
    return Buffer.concat([int32(op), Uint8Array.of(done ? 1 : 0), int32(err)]);
  }

  private multiEnd(parts: readonly Buffer[]): { bytes: Buffer; text: string } {
    const end = this.multiHeader(this.pick([-1, -1, -1, -1, 0, 5]), true);
    if (this.chance(3)) return { bytes: Buffer.concat(parts), text: ' without an end' };
    if (this.chance(3)) return { bytes: Buffer.concat([end, ...parts, end]), text: ' with an end in front' };
    return { bytes: Buffer.concat([...parts, end]), text: '' };
  }
}

function nullTraits(path: Path): Trait[] {
  return path.bytes === null ? [Trait.NullPathInMulti] : [];
}

function withNullTraits(sub: { text: string; body: Buffer; path: Path }): {
  text: string;
  body: Buffer;
  traits: Trait[];
} {
  return { text: sub.text, body: sub.body, traits: nullTraits(sub.path) };
}

function dataText(data: Bytes): string {
  return data !== null && data.length > 200 ? `${data.length} bytes` : bytesText(bufferOf(data));
}

function named(bytes: Bytes): Path {
  return { bytes, text: bytesText(bufferOf(bytes)) };
}

function bufferOf(bytes: Bytes): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}
