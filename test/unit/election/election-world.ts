/**
 * Whole election actors, several servers on one thread in virtual time, over the simulated network. The quorum peer of each is a
 * stand-in that only writes down what it is told, and announces a leader at once, as its quorum port would be open.
 */
import type { Actor, ActorContext } from '../../../src/actor/actor.js';
import { InlineRunner } from '../../../src/actor/inline-runner.js';
import type { Logger } from '../../../src/actor/logger.js';
import type { MailboxSender } from '../../../src/actor/mailbox/mailbox.js';
import { ThreadHost } from '../../../src/actor/thread-host.js';
import { ChildPolicy, type Topology } from '../../../src/actor/topology.js';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { ElectionActor, type ElectionOptions } from '../../../src/election/election-actor.js';
import {
  type Elected,
  ElectionRecord,
  type Gossip,
  readElected,
  readGossip,
  readVoterLooking,
  sendAnnounce,
  sendLeave,
  sendLook,
} from '../../../src/election/election-records.js';
import type { PeerAuthenticator } from '../../../src/election/peer-authenticator.js';
import { PeerState } from '../../../src/election/vote.js';
import { SimPeerNetwork, type SimPeerNetworkOptions } from '../../testing/inline/sim-peer-network.js';

export const ELECTION_PORT = 3000;

const TOPOLOGY: Topology = {
  actors: [
    { name: 'quorum-peer', kind: 'quorum-peer', policy: ChildPolicy.fatal },
    { name: 'election', kind: 'election', policy: ChildPolicy.fatal },
  ],
  links: [
    { from: 'quorum-peer', to: 'election' },
    { from: 'election', to: 'quorum-peer' },
  ],
};

/** `1 2 3:observer` as text; server N is the machine `hN`. */
export function membersText(members: string, version = '0'): string {
  const lines = members.split(' ').map((word) => {
    const [sid, role = 'participant'] = word.split(':');
    return `server.${sid}=h${sid}:2000:${ELECTION_PORT}:${role}`;
  });
  return [...lines, `version=${version}`].join('\n');
}

export class ElectionServer {
  readonly sid: number;
  readonly elected: Elected[] = [];
  readonly gossip: Gossip[] = [];
  readonly votersLooking: number[] = [];
  readonly fatal: string[] = [];
  readonly logged: string[] = [];
  /** Of the last `look`, until it has come to something. */
  lookedAtMs = 0;
  announces = true;
  private readonly clock: ManualClock;
  private readonly runner: InlineRunner;
  private toElection: MailboxSender | null = null;
  private election: ElectionActor | null = null;

  constructor(world: ElectionWorld, sid: number, options: ElectionOptions, authenticator?: PeerAuthenticator) {
    this.sid = sid;
    this.clock = world.clock;
    const host = ThreadHost.inline(TOPOLOGY, {
      clock: world.clock,
      createActor: (kind, _name, context) =>
        kind === 'election'
          ? this.keep(new ElectionActor(context, world.network.host(`h${sid}`), options, authenticator))
          : this.quorumPeer(context),
      createLogger: () => this.logger(),
      onFatal: (error) => this.fatal.push(`${error.name}: ${error.message}`),
    });
    this.runner = new InlineRunner(host);
    this.runner.start();
  }

  /** What it says of itself now: the state and the leader of the last decision, if it has not looked since. */
  get decision(): string {
    const last = this.elected.at(-1);
    if (last === undefined || this.isLooking) return 'LOOKING';
    const name = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'][last.state];
    return last.state === PeerState.leading ? name : `${name} ${last.vote.leader}`;
  }

  isLooking = false;

  look(zxidHi = 0, zxidLo = 0, epoch = 0): void {
    this.isLooking = true;
    this.lookedAtMs = this.clock.monotonicMs();
    this.send((out) => sendLook(out, zxidHi, zxidLo, epoch));
  }

  leave(): void {
    this.isLooking = true;
    this.send(sendLeave);
  }

  send(record: (out: MailboxSender) => void): void {
    if (this.toElection === null) throw new Error('the quorum peer stands');
    record(this.toElection);
    this.toElection.publish();
  }

  stop(): void {
    this.runner.stop();
  }

  work(): boolean {
    return this.runner.runUntilIdle() > 1;
  }

  get tickMs(): number {
    return this.election?.tickMs ?? Number.NaN;
  }

  private keep(election: ElectionActor): ElectionActor {
    this.election = election;
    return election;
  }

  private quorumPeer(context: ActorContext): Actor {
    this.toElection = context.outbox('election');
    return {
      inboxes: {
        election: (type, bytes, words, offset) => {
          if (type === ElectionRecord.elected) this.onElected(readElected(words, offset));
          else if (type === ElectionRecord.gossip) this.gossip.push(readGossip(bytes, words, offset));
          else if (type === ElectionRecord.voterLooking) this.votersLooking.push(readVoterLooking(words, offset));
          else throw new Error(`a record of type ${type}`);
        },
      },
    };
  }

  private onElected(elected: Elected): void {
    this.elected.push(elected);
    this.isLooking = false;
    if (elected.state === PeerState.leading && this.announces) this.send(sendAnnounce);
  }

  private logger(): Logger {
    const keep = (message: string): void => {
      this.logged.push(message);
    };
    return { debug: keep, info: keep, warn: keep, error: keep };
  }
}

export interface WorldOptions extends Partial<Omit<ElectionOptions, 'myId' | 'lastSeenText'>> {
  readonly seed?: number;
  readonly network?: SimPeerNetworkOptions;
  readonly authenticatorOf?: (sid: number) => PeerAuthenticator;
}

export class ElectionWorld {
  readonly clock = new ManualClock(10_000);
  readonly network: SimPeerNetwork;
  readonly servers = new Map<number, ElectionServer>();
  private readonly options: WorldOptions;
  private readonly configText: string;

  constructor(members: string, options: WorldOptions = {}) {
    this.options = options;
    this.configText = options.configText ?? membersText(members);
    this.network = new SimPeerNetwork(new Prng(options.seed ?? 1), this.clock, options.network ?? { latencyMsMax: 2 });
    for (const word of members.split(' ')) this.network.host(`h${Number.parseInt(word, 10)}`);
  }

  get nowMs(): number {
    return this.clock.monotonicMs();
  }

  /** A process on that machine; it does not look yet. */
  start(sid: number, own: Partial<ElectionOptions> = {}): ElectionServer {
    const { seed, network, authenticatorOf, ...options } = this.options;
    const server = new ElectionServer(
      this,
      sid,
      {
        myId: sid,
        cnxTimeoutMs: 5000,
        handshakeTimeoutMs: 2000,
        notificationMsMin: 200,
        notificationMsMax: 60_000,
        multiAddress: false,
        listenOnAllIps: false,
        bindRetries: 3,
        reconfigEnabled: false,
        configText: this.configText,
        lastSeenText: null,
        ...options,
        ...own,
      },
      authenticatorOf?.(sid),
    );
    this.servers.set(sid, server);
    return server;
  }

  server(sid: number): ElectionServer {
    const server = this.servers.get(sid);
    if (server === undefined) throw new Error(`server ${sid} does not run`);
    return server;
  }

  /** As kill -9: its system closes what it had. */
  kill(sid: number): void {
    this.network.host(`h${sid}`).kill();
    this.servers.delete(sid);
  }

  get decisions(): readonly string[] {
    return [...this.servers.values()].sort((a, b) => a.sid - b.sid).map((server) => server.decision);
  }

  /** Time goes on, millisecond by millisecond. */
  run(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.settle();
      this.clock.advance(1);
    }
    this.settle();
  }

  /** How long it took until that was so, or the limit. */
  runUntil(condition: () => boolean, limitMs = 10_000): number {
    for (let ms = 0; ms < limitMs; ms++) {
      this.settle();
      if (condition()) return ms;
      this.clock.advance(1);
    }
    throw new Error(`not so after ${limitMs} ms: ${this.decisions.join(', ')}`);
  }

  private settle(): void {
    for (;;) {
      let busy = this.network.deliverAll();
      for (const server of this.servers.values()) if (server.work()) busy = true;
      if (!busy) return;
    }
  }
}
