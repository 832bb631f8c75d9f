/**
 * One real member, ours or Apache's, whose only peer is the test: member 1 of three runs, member 2 never does, and the test is
 * member 3. In elections it votes as it is told to: for itself, so that member 1 follows it, or for member 1, which then leads.
 * Everything said on the quorum connection is the test's.
 */
import { type EnsembleMember, type EnsembleOptions, EnsembleProcess, type MemberKind } from './ensemble-process.js';
import {
  configText,
  ElectionLink,
  leaderInfoData,
  learnerInfo,
  Packet,
  PeerState,
  QuorumLink,
  QuorumPort,
  zxidOf,
} from './quorum-wire.js';
import { until } from './until.js';

const MEMBER = 1;
const SELF = 3;
const DEADLINE_MS = 20_000;
/** Above whatever the member may have. */
const GREAT_EPOCH = 1000;

export type Vote = 'self' | 'member';

export class ScriptedQuorum {
  readonly ensemble: EnsembleProcess;
  private readonly config: string;
  private port: QuorumPort | null = null;
  private election: ElectionLink | null = null;
  private vote: Vote = 'self';

  private constructor(ensemble: EnsembleProcess) {
    this.ensemble = ensemble;
    this.config = configText(
      Object.fromEntries(
        ensemble.members.map(({ sid, quorumPort, electionPort }) => [sid, [quorumPort, electionPort] as const]),
      ),
    );
  }

  static async prepare(kind: MemberKind, options: Omit<EnsembleOptions, 'kinds'> = {}): Promise<ScriptedQuorum> {
    return new ScriptedQuorum(await EnsembleProcess.prepare({ ...options, kinds: [kind, kind, kind] }));
  }

  get member(): EnsembleMember {
    return this.ensemble.member(MEMBER);
  }

  /** Starts the member, or only takes part in its next election when it runs, and votes like this from now on. */
  async elect(vote: Vote): Promise<void> {
    this.vote = vote;
    if (vote === 'self') this.port ??= await QuorumPort.listen(this.ensemble.member(SELF).quorumPort);
    if (!this.member.isRunning) {
      this.election?.destroy();
      this.election = null;
      await this.ensemble.startMember(MEMBER);
    }
    if (this.election !== null) return;
    const { electionPort } = this.ensemble.member(SELF);
    const link = await until('the election port', DEADLINE_MS, () =>
      ElectionLink.connect(this.member.electionPort, SELF, electionPort, this.config).catch(() => undefined),
    );
    this.election = link;
    // Ends with the link.
    void this.takePart(link);
  }

  /** The member as a follower of the test: its epoch and last zxid have been told, LEADERINFO is its answer. */
  async acceptFollower(epoch: number): Promise<{ link: QuorumLink; currentEpoch: number; lastZxid: bigint }> {
    if (this.port === null) throw new Error('the test does not lead');
    const link = await this.port.accept(DEADLINE_MS);
    await link.nextOf(Packet.FollowerInfo);
    link.send(Packet.LeaderInfo, zxidOf(epoch, 0), leaderInfoData);
    const { data, zxid } = await link.nextOf(Packet.AckEpoch);
    return { link, currentEpoch: data?.readInt32BE(0) ?? Number.NaN, lastZxid: zxid };
  }

  /** NEWLEADER's content. */
  get configBytes(): Buffer {
    return Buffer.from(this.config);
  }

  /** The test as a follower of the member, which leads: discovery is done when this returns. */
  async follow(currentEpoch: number, lastZxid: bigint): Promise<{ link: QuorumLink; epoch: number }> {
    const link = await until('the quorum port', DEADLINE_MS, () =>
      QuorumLink.connect(this.member.quorumPort).catch(() => undefined),
    );
    link.send(Packet.FollowerInfo, zxidOf(currentEpoch, 0), learnerInfo(SELF));
    const { zxid } = await link.nextOf(Packet.LeaderInfo);
    link.send(Packet.AckEpoch, lastZxid, epochBytes(currentEpoch));
    return { link, epoch: Number(zxid >> 32n) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.election?.destroy();
    this.port?.close();
    await this.ensemble[Symbol.asyncDispose]();
  }

  /** Answers every vote of the member that is not yet ours with ours, in its round. */
  private async takePart(link: ElectionLink): Promise<void> {
    for (;;) {
      const heard = await link.next(600_000).catch(() => null);
      if (heard === null) return;
      if (heard.state !== PeerState.Looking) continue;
      if (this.vote === 'member') {
        if (heard.leader === MEMBER) link.send(heard);
        continue;
      }
      const vote = { zxid: zxidOf(GREAT_EPOCH, 0), peerEpoch: GREAT_EPOCH };
      if (heard.leader === SELF) {
        // Nobody follows a leader that has not said itself that it leads; a vote of this round says so, too.
        continue;
      }
      link.send({ state: PeerState.Looking, leader: SELF, round: heard.round, ...vote });
    }
  }
}

function epochBytes(epoch: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(epoch);
  return bytes;
}
