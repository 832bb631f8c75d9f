/**
 * One FastLeaderElection under a script: what is done to it are calls, what it does are lines. A vote is printed as
 * `leader zxid rROUND eEPOCH`, the zxid in hexadecimal, Long.MIN_VALUE as `-`.
 */
import { hex64 } from '../../../src/base/int64.js';
import type { ElectionPort, LinkState } from '../../../src/election/election-port.js';
import { type ElectionSettings, FastLeaderElection } from '../../../src/election/fast-leader-election.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import { type DecidedState, NOBODY, type PeerState, type Vote } from '../../../src/election/vote.js';

const STATES = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'] as const;

/** `1 2 3 4:observer`, and what stands behind a bar as it is: `1 2 3 | group.1=1:2:3 | version=5`. */
export function config(text: string): QuorumVerifier {
  const [members, ...lines] = text.split('|').map((part) => part.trim());
  const servers = members.split(' ').map((word) => {
    const [sid, role = 'participant'] = word.split(':');
    return `server.${sid}=h${sid}:1:2:${role}`;
  });
  return parseQuorumConfigText([...servers, ...lines].join('\n'));
}

export function shownVote({ leader, zxidHi, zxidLo, round, peerEpoch }: Vote): string {
  const zxid = zxidHi === NOBODY / 2 ** 32 && zxidLo === 0 ? '-' : hex64(zxidHi, zxidLo);
  return `${shownNumber(leader)} ${zxid} r${round} e${shownNumber(peerEpoch)}`;
}

/** `2 100000003 r1 e1`: the other direction. */
export function vote(text: string): Vote {
  const [leader, zxid, round, epoch] = text.split(' ');
  const digits = zxid.padStart(16, '0');
  return {
    leader: readNumber(leader),
    zxidHi: zxid === '-' ? NOBODY / 2 ** 32 : Number.parseInt(digits.slice(0, 8), 16) | 0,
    zxidLo: zxid === '-' ? 0 : Number.parseInt(digits.slice(8), 16) | 0,
    round: Number(round.slice(1)),
    peerEpoch: readNumber(epoch.slice(1)),
  };
}

function shownNumber(value: number): string {
  return value === NOBODY ? '-' : String(value);
}

function readNumber(text: string): number {
  return text === '-' ? NOBODY : Number(text);
}

export class ElectionScript implements ElectionPort {
  readonly election: FastLeaderElection;
  nowMs = 1000;
  delivers = true;
  readonly links = new Map<number, LinkState>();
  private lines: string[] = [];

  constructor(myId: number, committed: string, lastSeen = committed, settings: Partial<ElectionSettings> = {}) {
    this.election = new FastLeaderElection(
      myId,
      this,
      { notificationMsMin: 200, notificationMsMax: 60_000, reconfigEnabled: false, ...settings },
      config(committed),
      config(lastSeen),
    );
  }

  /** What has been done since the last time. */
  take(): readonly string[] {
    const taken = this.lines;
    this.lines = [];
    return taken;
  }

  look(zxid: string, epoch: number, mayVote = true): readonly string[] {
    const { zxidHi, zxidLo } = vote(`0 ${zxid} r0 e0`);
    this.election.look(zxidHi, zxidLo, epoch, mayVote, this.nowMs);
    return this.take();
  }

  /** `LOOKING 2 0 r1 e0`: from that server. */
  hear(sender: number, text: string, version = 2, configText: string | null = null): readonly string[] {
    const at = text.indexOf(' ');
    const state = STATES.indexOf(text.slice(0, at) as (typeof STATES)[number]) as PeerState;
    this.election.onNotification(sender, { ...vote(text.slice(at + 1)), state, version, configText }, this.nowMs);
    return this.take();
  }

  /** Time goes on, tick by tick. Lines have the time at which they came, from the beginning of the wait. */
  wait(ms: number): readonly string[] {
    const begunMs = this.nowMs;
    const timed: string[] = [];
    while (this.nowMs < begunMs + ms) {
      this.nowMs += 10;
      this.election.tick(this.nowMs);
      for (const line of this.take()) timed.push(`${this.nowMs - begunMs}: ${line}`);
    }
    return timed;
  }

  // ---- ElectionPort

  send(sid: number, state: PeerState, sent: Vote): void {
    this.lines.push(`-> ${sid} ${STATES[state]} ${shownVote(sent)}`);
  }

  haveDelivered(): boolean {
    return this.delivers;
  }

  connectAll(): void {
    this.lines.push('connect all');
  }

  linkOf(sid: number): LinkState {
    return this.links.get(sid) ?? 'never';
  }

  renewLink(sid: number): void {
    this.lines.push(`renew ${sid}`);
  }

  decided(state: DecidedState, decidedVote: Vote, supporters: readonly number[], elapsedMs: number): void {
    this.lines.push(`${STATES[state]} ${shownVote(decidedVote)} by ${supporters.join(',')} after ${elapsedMs}`);
  }

  gossip(heard: QuorumVerifier, gaveUp: boolean): void {
    this.lines.push(`gossip version=${hex64(heard.versionHi, heard.versionLo)}${gaveUp ? ', given up' : ''}`);
  }

  voterLooking(sid: number): void {
    this.lines.push(`voter ${sid} is looking`);
  }

  configUnreadable(sid: number, reason: string): void {
    this.lines.push(`config of ${sid}: ${reason}`);
  }
}
