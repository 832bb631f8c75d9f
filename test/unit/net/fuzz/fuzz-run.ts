/**
 * Attackers against a whole server in one thread: generated frames from several connections, and after every round the
 * questions that matter. Did anything fail? Was every whole frame answered, in order, or its connection closed? Is a witness
 * served as if nobody else were there? Has anything changed, or been told, that the attackers have no permission for? And
 * at the end: does the server come up again from its disk with the very same tree?
 *
 * Deterministic by its seed. The clock is moved; nothing waits.
 */
import { assert } from '../../../../src/base/assert.js';
import { Prng } from '../../../../src/base/prng.js';
import { JuteReader } from '../../../../src/jute/jute-reader.js';
import type { AuthOptions } from '../../../../src/net/auth/auth-options.js';
import { OPEN_ACL_UNSAFE } from '../../../../src/protocol/acl.js';
import type { PlacementName } from '../../../../src/server/placement-choice.js';
import type { ServerConfig } from '../../../../src/server/server-config.js';
import { Ending, type SimConnection } from '../../../testing/inline/sim-client-network.js';
import type { Reply, WireClient } from '../../../testing/inline/wire-client.js';
import { InlineServer } from '../../../testing/inline-server.js';
import {
  GUARDED,
  HIDDEN_PATH,
  idOf,
  KNOWN_PATHS,
  MARKER,
  OWNER,
  OWNERS_OWN,
  READABLE,
  SUPER,
  WITNESS_PATH,
} from './guarded-nodes.js';
import { Framing, type GeneratedFrame, RequestGenerator } from './request-generator.js';

export interface FuzzScene {
  readonly placement: PlacementName;
  readonly connectionShards: number;
  readonly ringBytes?: number;
}

/** What every seed draws its server from. */
export const FUZZ_SCENES: readonly FuzzScene[] = [
  { placement: 'inline', connectionShards: 1 },
  { placement: 'inline', connectionShards: 2, ringBytes: 4096 },
  { placement: 'compact', connectionShards: 1 },
  { placement: 'staged', connectionShards: 2, ringBytes: 16_384 },
];

/** Settings that open other ways through the server; each seed runs with one of them. */
const VARIANTS: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'zookeeper.enforceQuota': 'true' },
  { 'zookeeper.extendedTypesEnabled': 'false', 'zookeeper.closeSessionTxn.enabled': 'false' },
  { 'zookeeper.globalOutstandingLimit': '2', 'zookeeper.snapCount': '60' },
  { 'zookeeper.largeRequestThreshold': '60', 'zookeeper.largeRequestMaxBytes': '2000', 'zookeeper.maxBatchSize': '3' },
];
const AUTH: AuthOptions = {
  schemes: ['ip', 'digest', 'sasl', 'x509', 'ensemble'],
  digestAlgorithm: 'sha1',
  superDigest: idOf(SUPER),
  anySaslUserId: null,
  x509SuperUser: null,
  ensembleNames: null,
  sasl: { passwords: new Map([['bob', 'not told']]), superUsers: ['bob'] },
  allowSaslFailedClients: false,
  enforcedSchemes: [],
};

const ATTACKERS = 6;
const FRAMES_PER_TURN_MAX = 24;
const ROUNDS_PER_CHECK = 8;
const SESSION_MS = 40_000;
const ADDRESSES = ['127.0.0.1', '::1', '::ffff:10.0.0.9', 'fe80::1%eth0'];
const WORDS = ['ruok', 'stat', 'mntr', 'dump', 'wchp', 'xxxx'];

export interface FuzzReport {
  readonly frames: number;
  readonly replies: number;
  readonly nodes: number;
}

export class FuzzRun {
  private readonly seed: number;
  private readonly prng: Prng;
  private readonly server: InlineServer;
  private readonly generator: RequestGenerator;
  private readonly attackers: (Attacker | null)[] = new Array<Attacker | null>(ATTACKERS).fill(null);
  private readonly sessions: { sessionId: bigint; password: Uint8Array }[] = [];
  private readonly witness: WireClient;
  private guardian: WireClient;
  private readonly baseline: string;
  private witnessVersion = 0;
  private frames = 0;
  private replies = 0;

  constructor(
    seed: number,
    scene: FuzzScene = FUZZ_SCENES[seed % FUZZ_SCENES.length] as FuzzScene,
    config: Partial<ServerConfig> = {},
  ) {
    this.seed = seed;
    this.prng = new Prng(seed).fork('fuzz');
    this.generator = new RequestGenerator(this.prng.fork('frames'), KNOWN_PATHS);
    this.server = InlineServer.start({
      seed,
      ...scene,
      properties: {
        'zookeeper.extendedTypesEnabled': 'true',
        'zookeeper.reconfigEnabled': 'true',
        ...VARIANTS[(seed >> 2) % VARIANTS.length],
      },
      config: { auth: { ...AUTH, allowSaslFailedClients: seed % 3 > 0 }, maxClientCnxns: 0, ...config },
    });
    this.guardian = this.connectAs(SUPER);
    for (const [path, data, acl] of GUARDED) this.mustSucceed(this.guardian, (c) => c.create(path, { data, acl }));
    this.mustSucceed(this.guardian, (c) => c.create(WITNESS_PATH, { data: '0', acl: OWNERS_OWN }));
    this.mustSucceed(this.guardian, (c) => c.create(HIDDEN_PATH, { acl: OWNERS_OWN }));
    // Who may set quotas may keep the witness from writing; a part of the tree has one already.
    this.mustSucceed(this.guardian, (c) => c.setAcl('/zookeeper/quota', READABLE));
    this.mustSucceed(this.guardian, (c) => c.create('/zookeeper/quota/a'));
    const limits = 'count=-1,bytes=-1=;byteHardLimit=300;countHardLimit=4';
    this.mustSucceed(this.guardian, (c) => c.create('/zookeeper/quota/a/zookeeper_limits', { data: limits }));
    this.witness = this.connectAs(OWNER);
    this.baseline = this.guardedState();
  }

  run(frameCount: number): FuzzReport {
    try {
      for (let round = 1; this.frames < frameCount; round++) {
        this.round();
        if (round % ROUNDS_PER_CHECK === 0) this.check();
      }
      this.check();
      const nodes = this.comeBackTheSame();
      return { frames: this.frames, replies: this.replies, nodes };
    } catch (error) {
      throw new Error(`seed ${this.seed}, behind frame ${this.frames}: ${(error as Error).message}`, { cause: error });
    }
  }

  private round(): void {
    for (let i = 0; i < ATTACKERS; i++) {
      const last = this.attackers[i];
      // Its connection may have ended since, with its session for one.
      const attacker = last === null || last === undefined || last.isOver ? this.dial() : last;
      this.attackers[i] = attacker;
      if (attacker.hasSession) this.attack(attacker);
      else if (this.prng.below(4) === 0) this.attack(attacker);
    }
    if (this.prng.below(6) === 0) this.server.runAtRandom(this.prng);
    this.server.run();
    this.attackers.forEach((attacker, i) => {
      if (attacker === null) return;
      this.replies += attacker.receive();
      if (attacker.grant !== null && attacker.grant.sessionId !== 0n) this.sessions.push(attacker.grant);
      attacker.grant = null;
      if (attacker.settle()) this.attackers[i] = null;
      else if (this.prng.below(40) === 0) {
        this.server.drop(attacker.connection);
        this.attackers[i] = null;
      }
    });
    this.server.advance(this.prng.below(20) === 0 ? 2500 : this.prng.below(100));
    // The logs of a server under attack; nobody reads them here.
    this.server.warnings.length = 0;
    this.server.sayings.length = 0;
    this.server.words.length = 0;
    if (this.sessions.length > 20) this.sessions.splice(0, 10);
  }

  private attack(attacker: Attacker): void {
    for (let count = 1 + this.prng.below(FRAMES_PER_TURN_MAX); count > 0; count--) {
      attacker.send(this.generator.next());
      this.frames++;
    }
  }

  private dial(): Attacker {
    const { prng } = this;
    const address = ADDRESSES[prng.below(ADDRESSES.length)] as string;
    const connection = this.server.dial({ address }).connection;
    const attacker = new Attacker(connection);
    const kind = prng.below(20);
    if (kind === 0) {
      attacker.sendUnclear(Buffer.from(WORDS[prng.below(WORDS.length)] as string));
      return attacker;
    }
    // No handshake at all: the first request is taken for one.
    if (kind === 1) {
      attacker.isClear = false;
      return attacker;
    }
    let sessionId = 0n;
    let password: Uint8Array = new Uint8Array(16);
    const known = this.sessions[prng.below(Math.max(this.sessions.length, 1))];
    if (kind < 5 && known !== undefined) ({ sessionId, password } = known);
    else if (kind < 7) {
      // Somebody else's session, whose number is no secret.
      ({ sessionId } = prng.below(2) === 0 ? this.witness : this.guardian);
      password = new Uint8Array(prng.below(3) * 8);
    }
    attacker.handshake(this.generator.handshake(sessionId, password));
    return attacker;
  }

  // ---- the questions

  private check(): void {
    this.serveWitness();
    this.mustSucceed(this.guardian, (c) => c.setAcl('/', OPEN_ACL_UNSAFE));
    const state = this.guardedState();
    assert(state === this.baseline, `what is guarded has changed: ${this.baseline}\n${state}`);
  }

  /** Everything right, at once, and with the very next version: nobody else has touched its node. */
  private serveWitness(): void {
    const { witness } = this;
    const value = `round ${this.witnessVersion}`;
    this.mustSucceed(witness, (c) => c.setData(WITNESS_PATH, value, this.witnessVersion++));
    const read = new JuteReader(this.mustSucceed(witness, (c) => c.getData(WITNESS_PATH)).body);
    const data = read.readBuffer();
    assert(data !== null && Buffer.from(data).toString() === value, 'the witness reads what it wrote');
    this.mustSucceed(witness, (c) => c.ping());
    // Its events are for nobody else: their path says what must not be told.
    const hidden = `${HIDDEN_PATH}/${MARKER}`;
    this.mustSucceed(witness, (c) => c.create(hidden, { acl: OWNERS_OWN }));
    this.mustSucceed(witness, (c) => c.setData(hidden, MARKER));
    this.mustSucceed(witness, (c) => c.delete(hidden));
  }

  private guardedState(): string {
    const lines = GUARDED.map(([path]) => {
      const data = this.mustSucceed(this.guardian, (c) => c.getData(path));
      const acl = this.mustSucceed(this.guardian, (c) => c.getAcl(path));
      const children = this.childrenOf(path).sort();
      return `${path} ${hex(data.body)} ${hex(acl.body)} ${children.join(',')}`;
    });
    const hidden = this.childrenOf(HIDDEN_PATH).join(',');
    return [...lines, `${HIDDEN_PATH} ${hidden}`].join('\n');
  }

  /** Stops it, or lets its machine die, and compares every node with what was there before. */
  private comeBackTheSame(): number {
    const before = this.wholeTree();
    if (this.seed % 2 === 0) this.server.stop();
    else this.server.crash();
    this.attackers.fill(null);
    this.server.restart();
    this.guardian = this.connectAs(SUPER);
    const after = this.wholeTree();
    for (const [path, state] of before) {
      assert(after.get(path) === state, `${path} came back as ${after.get(path)}, was ${state}`);
    }
    assert(after.size === before.size, `${before.size} nodes before, ${after.size} afterwards`);
    return before.size;
  }

  private wholeTree(): Map<string, string> {
    const nodes = new Map<string, string>();
    const paths = ['/'];
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      const at = path;
      const data = this.mustSucceed(this.guardian, (c) => c.getData(at));
      const acl = this.mustSucceed(this.guardian, (c) => c.getAcl(at));
      nodes.set(at, `${hex(data.body)} ${hex(acl.body)}`);
      for (const name of this.childrenOf(at)) paths.push(at === '/' ? `/${name}` : `${at}/${name}`);
    }
    return nodes;
  }

  private childrenOf(path: string): string[] {
    const r = new JuteReader(this.mustSucceed(this.guardian, (c) => c.getChildren(path)).body);
    const names: string[] = [];
    for (let count = r.readInt(); count > 0; count--) names.push(r.readUstring() as string);
    return names;
  }

  private mustSucceed(client: WireClient, ask: (client: WireClient) => void): Reply {
    ask(client);
    const reply = this.server.reply(client);
    assert(reply.err === 0, `op ${reply.op} of a client with every right failed with ${reply.err}`);
    return reply;
  }

  private connectAs(credentials: string): WireClient {
    const client = this.server.connect({ timeOutMs: SESSION_MS, address: '10.7.7.7' });
    this.mustSucceed(client, (c) => c.auth('digest', credentials));
    return client;
  }
}

/** One connection of an attacker, with what is due to it. */
class Attacker {
  readonly connection: SimConnection;
  /** False once nothing can be said about what the server must answer. */
  isClear = true;
  hasSession = false;
  /** The session that was granted last; whoever takes it sets it to null. */
  grant: { sessionId: bigint; password: Uint8Array } | null = null;
  private mustClose = false;
  private connectDue = false;
  private readonly due: number[] = [];
  private rest: Buffer = Buffer.alloc(0);

  constructor(connection: SimConnection) {
    this.connection = connection;
  }

  get isOver(): boolean {
    return this.connection.ending !== Ending.open;
  }

  handshake({ bytes, framing }: { bytes: Uint8Array; framing: Framing }): void {
    this.connection.send(bytes);
    this.connectDue = framing === Framing.whole;
    this.isClear = this.connectDue;
  }

  sendUnclear(bytes: Uint8Array): void {
    this.connection.send(bytes);
    this.isClear = false;
  }

  send(frame: GeneratedFrame): void {
    if (this.mustClose) return;
    this.connection.send(frame.bytes);
    if (frame.framing === Framing.whole) this.due.push(frame.replyXid);
    else if (frame.framing === Framing.closing) this.mustClose = true;
    else this.isClear = false;
  }

  /** Takes apart what has come; the number of replies. */
  receive(): number {
    const arrived = this.connection.takeReceived();
    if (arrived.length === 0) return 0;
    this.rest = Buffer.concat([this.rest, arrived]);
    assert(!this.rest.includes(MARKER), 'an attacker was told what is kept from it');
    let replies = 0;
    let at = 0;
    while (this.isFramed && this.rest.length - at >= 4) {
      const length = this.rest.readInt32BE(at);
      assert(length >= 16 && length < 1 << 26, `the server sent a frame of ${length} bytes`);
      if (this.rest.length - at - 4 < length) break;
      if (this.onFrame(this.rest.subarray(at + 4, at + 4 + length))) replies++;
      at += 4 + length;
    }
    this.rest = this.rest.subarray(at);
    return replies;
  }

  /** After a round: nothing is owed to an open connection. True when it is over. */
  settle(): boolean {
    if (this.isOver) return true;
    if (!this.isClear) return false;
    assert(!this.mustClose, 'a connection is open behind a length that no frame has');
    assert(this.rest.length === 0, 'the server sent a part of a frame and stopped');
    if (this.hasSession) assert(this.due.length === 0, `${this.due.length} requests were never answered`);
    return false;
  }

  /** Without a handshake what comes may be the text of a four-letter word. */
  private get isFramed(): boolean {
    return this.connectDue || this.hasSession;
  }

  private onFrame(payload: Buffer): boolean {
    if (this.connectDue) {
      this.connectDue = false;
      assert(payload.length === 36 || payload.length === 37, 'a ConnectResponse has 36 or 37 bytes');
      this.hasSession = payload.readInt32BE(4) !== 0;
      this.grant = { sessionId: payload.readBigInt64BE(8), password: Uint8Array.from(payload.subarray(20, 36)) };
      return false;
    }
    if (!this.isClear) return true;
    const xid = payload.readInt32BE(0);
    if (xid === -1) {
      const pathLength = payload.readInt32BE(24);
      assert(payload.readInt32BE(12) === 0 && payload.length === 28 + pathLength, 'a notification is whole');
      return false;
    }
    const due = this.due.shift();
    assert(due === xid, `the reply to xid ${due} was due, not that to ${xid}`);
    return true;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
