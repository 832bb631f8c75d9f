import { describe, expect, it } from 'vitest';
import { PeerState } from '../../../src/election/vote.js';
import { type Decision, QuorumPeer, type QuorumPeerOptions } from '../../../src/zab/quorum-peer.js';

/** Everything that the machine asks for, as words. */
class Transcript {
  readonly lines: string[] = [];
  readonly peer: QuorumPeer;

  constructor(options: Partial<QuorumPeerOptions> = {}) {
    const say = (line: string) => this.lines.push(line);
    const named = ({ state, leader }: Decision) => `${['', 'following', 'leading', 'observing'][state]} ${leader}`;
    this.peer = new QuorumPeer(
      {
        look: (hi, lo) => say(`look ${hi}:${lo}`),
        appoint: (decision, hi, lo) => say(`appoint ${named(decision)} at ${hi}:${lo}`),
        openRole: (decision) => say(`open ${named(decision)}`),
        closeRole: () => say('close'),
        haltPrep: () => say('halt prep'),
        haltLine: () => say('halt line'),
        settle: () => say('settle'),
        serveReadOnly: () => say('serve read-only'),
        phaseChanged: (phase) => say(`- ${phase}`),
      },
      { shardCount: 2, readOnlyAfterMs: Number.POSITIVE_INFINITY, restMs: () => 0, ...options },
    );
  }

  take(): string[] {
    return this.lines.splice(0);
  }
}

const FOLLOWING_3: Decision = { state: PeerState.following, leader: 3 };
const LEADING_1: Decision = { state: PeerState.leading, leader: 1 };

describe('the main loop', () => {
  it('looks with what is in the log, serves a role, and looks again with what is in the log then', () => {
    const t = new Transcript();
    t.peer.onLoaded(1, 7, 0);
    expect(t.take()).toEqual(['- looking', 'look 1:7']);
    t.peer.onElected(FOLLOWING_3);
    expect(t.take()).toEqual(['- role', 'open following 3']);
    expect(t.peer.peerState).toBe(PeerState.following);
    t.peer.onRoleOver(null);
    expect(t.take()).toEqual(['close', '- draining', 'halt prep']);
    t.peer.onHaltOfPrep();
    expect(t.take()).toEqual(['halt line']);
    t.peer.onFence(0);
    t.peer.onHalted();
    expect(t.take()).toEqual([]);
    t.peer.onFence(1);
    expect(t.take()).toEqual(['- settling', 'settle']);
    expect(t.peer.peerState).toBe(PeerState.following);
    t.peer.onSettled(2, 3, 10);
    expect(t.take()).toEqual(['- looking', 'look 2:3']);
    expect(t.peer.peerState).toBe(PeerState.looking);
    t.peer.onElected(LEADING_1);
    expect(t.take()).toEqual(['- role', 'open leading 1']);
  });

  it('never settles before the line is empty, whatever the order', () => {
    const t = new Transcript();
    t.peer.onLoaded(0, 0, 0);
    t.peer.onElected(LEADING_1);
    t.peer.onRoleOver(null);
    t.peer.onHaltOfPrep();
    t.take();
    t.peer.onFence(1);
    t.peer.onFence(1);
    t.peer.onFence(0);
    expect(t.take()).toEqual([]);
    t.peer.onHalted();
    expect(t.take()).toEqual(['- settling', 'settle']);
  });

  it('what comes twice or too late changes nothing', () => {
    const t = new Transcript();
    t.peer.onFence(0);
    t.peer.onLoaded(0, 0, 0);
    t.take();
    t.peer.onRoleOver(null);
    expect(t.take()).toEqual([]);
    t.peer.onElected(LEADING_1);
    t.peer.onElected(FOLLOWING_3);
    expect(t.take()).toEqual(['- role', 'open leading 1']);
    t.peer.onRoleOver(null);
    t.peer.onRoleOver(null);
    expect(t.take()).toEqual(['close', '- draining', 'halt prep']);
    t.peer.onElected(FOLLOWING_3);
    // Of a shard that was made anew between two roles: it does not count for the next one.
    t.peer.onFence(0);
    t.peer.onHaltOfPrep();
    t.peer.onHalted();
    t.peer.onFence(1);
    t.peer.onSettled(0, 1, 0);
    t.peer.onFence(0);
    t.peer.onElected(FOLLOWING_3);
    t.peer.onRoleOver(null);
    t.peer.onHaltOfPrep();
    t.peer.onHalted();
    t.take();
    t.peer.onFence(1);
    expect(t.take()).toEqual([]);
    t.peer.onFence(0);
    expect(t.take()).toEqual(['- settling', 'settle']);
  });

  it('an observer rests before it looks again', () => {
    const t = new Transcript({ restMs: () => 150 });
    t.peer.onLoaded(0, 0, 0);
    t.peer.onElected({ state: PeerState.observing, leader: 3 });
    endRole(t, 1000);
    expect(t.take().slice(-1)).toEqual(['- resting']);
    t.peer.onTick(1149);
    expect(t.take()).toEqual([]);
    t.peer.onTick(1150);
    expect(t.take()).toEqual(['- looking', 'look 0:9']);
  });

  it('there is no hurry where the next role would end the same way', () => {
    const t = new Transcript();
    t.peer.onLoaded(0, 0, 0);
    t.peer.onElected(LEADING_1);
    endRole(t, 1000, null, 2000);
    expect(t.take().slice(-1)).toEqual(['- resting']);
    t.peer.onTick(2999);
    expect(t.take()).toEqual([]);
    t.peer.onTick(3000);
    expect(t.take()).toEqual(['- looking', 'look 0:9']);
  });

  it('who is appointed by a reconfiguration leads or follows without an election', () => {
    const t = new Transcript();
    t.peer.onLoaded(0, 0, 0);
    t.peer.onElected(FOLLOWING_3);
    t.take();
    endRole(t, 0, LEADING_1);
    expect(t.take().slice(-4)).toEqual(['settle', 'appoint leading 1 at 0:9', '- role', 'open leading 1']);
    // The next end is one like any other.
    endRole(t, 0);
    expect(t.take().slice(-2)).toEqual(['- looking', 'look 0:9']);
  });
});

describe('read-only', () => {
  it('is served when nobody is found for long enough, and ends like a role', () => {
    const t = new Transcript({ readOnlyAfterMs: 2000 });
    t.peer.onLoaded(1, 1, 500);
    t.take();
    t.peer.onTick(2499);
    expect(t.take()).toEqual([]);
    t.peer.onTick(2500);
    expect(t.take()).toEqual(['- readOnly', 'serve read-only']);
    t.peer.onTick(9000);
    expect(t.take()).toEqual([]);
    t.peer.onElected(FOLLOWING_3);
    expect(t.take()).toEqual(['- draining', 'halt prep']);
    t.peer.onHaltOfPrep();
    t.peer.onHalted();
    t.peer.onFence(0);
    t.peer.onFence(1);
    t.take();
    t.peer.onSettled(1, 1, 9100);
    expect(t.take()).toEqual(['- role', 'open following 3']);
  });

  it('not while a leader is found in time', () => {
    const t = new Transcript({ readOnlyAfterMs: 2000 });
    t.peer.onLoaded(1, 1, 0);
    t.peer.onElected(FOLLOWING_3);
    t.take();
    t.peer.onTick(2000);
    expect(t.take()).toEqual([]);
  });

  it('an election that was given up is called again, and goes on meanwhile', () => {
    const t = new Transcript({ readOnlyAfterMs: 2000 });
    t.peer.onLoaded(1, 1, 0);
    t.peer.onTick(2000);
    t.take();
    t.peer.onGivenUp();
    expect(t.take()).toEqual(['look 1:1']);
    t.peer.onElected(FOLLOWING_3);
    t.take();
    t.peer.onGivenUp();
    expect(t.take()).toEqual([]);
  });
});

function endRole({ peer }: Transcript, nowMs: number, next: Decision | null = null, restMs = 0): void {
  peer.onRoleOver(next, restMs);
  peer.onHaltOfPrep();
  peer.onHalted();
  peer.onFence(0);
  peer.onFence(1);
  peer.onSettled(0, 9, nowMs);
}
