/**
 * Who is told once more, whose connection is renewed, and which members that a peer tells are news: what an election remembers of
 * others beside their votes.
 */
import { describe, expect, it } from 'vitest';
import { Askers } from '../../../src/election/askers.js';
import { ConfigGossip } from '../../../src/election/config-gossip.js';
import { LinkSilence } from '../../../src/election/link-silence.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';

describe('askers', () => {
  it('are told once', () => {
    const askers = new Askers();
    for (const sid of [7, 5, 7]) askers.onUnanswered(sid);
    expect(askers.takeUnanswered()).toEqual([7, 5]);
    expect(askers.takeUnanswered()).toEqual([]);
    askers.onUnanswered(1);
    askers.forgetUnanswered();
    expect(askers.takeUnanswered()).toEqual([]);
  });

  it('are not told twice within 50 ms', () => {
    const askers = new Askers();
    expect(askers.wasJustAnswered(7, 0)).toBe(false);
    askers.onAnswered(7, 1000);
    expect(askers.wasJustAnswered(7, 1049)).toBe(true);
    expect(askers.wasJustAnswered(8, 1049)).toBe(false);
    expect(askers.wasJustAnswered(7, 1050)).toBe(false);
  });

  it('whom a role told its last words are owed an answer when it is over, for two seconds', () => {
    const askers = new Askers();
    askers.onAnswered(1, 0);
    askers.onAnswered(2, 1500);
    askers.outdateAnswers(2000);
    expect(askers.takeUnanswered()).toEqual([2]);
    expect(askers.wasJustAnswered(2, 1501)).toBe(false);
  });

  it('are 256 at most, whoever asks', () => {
    const askers = new Askers();
    for (let sid = 0; sid < 1000; sid++) askers.onUnanswered(sid);
    expect(askers.takeUnanswered().length).toBe(256);
    for (let sid = 0; sid <= 256; sid++) askers.onAnswered(sid, 0);
    expect([0, 256].map((sid) => askers.wasJustAnswered(sid, 1))).toEqual([false, true]);
  });
});

describe('silent connections', () => {
  const renewals = (silence: LinkSilence, untilMs: number): number[] => {
    const at: number[] = [];
    for (let ms = 0; ms <= untilMs; ms += 500) if (silence.maybeRenew(3, ms)) at.push(ms / 1000);
    return at;
  };

  it('are renewed more and more seldom, once a minute in the end', () => {
    const silence = new LinkSilence();
    silence.begin(0);
    expect(renewals(silence, 300_000)).toEqual([2, 6, 14, 30, 62, 122, 182, 242]);
  });

  it('and not while something is heard; a call begins anew', () => {
    const silence = new LinkSilence();
    silence.begin(0);
    silence.onHeard(3, 1900);
    expect(silence.maybeRenew(3, 3899)).toBe(false);
    expect(silence.maybeRenew(3, 3900)).toBe(true);
    silence.begin(4000);
    expect(silence.maybeRenew(3, 5999)).toBe(false);
    expect(silence.maybeRenew(3, 6000)).toBe(true);
  });
});

describe('members that peers tell', () => {
  const text = (version: string): string => `server.1=h1:1:2:participant\nversion=${version}`;
  const committed = parseQuorumConfigText(text('100000000'));

  it('are news when they are newer than what is committed and what was told', () => {
    const gossip = new ConfigGossip(() => {});
    const versionOf = (version: string): number | undefined => gossip.takeNews(2, text(version), committed)?.versionLo;
    expect(['100000000', '100000002', '100000002', '100000001', '100000003'].map(versionOf)).toEqual([
      undefined,
      2,
      undefined,
      undefined,
      3,
    ]);
    gossip.forget();
    expect(versionOf('100000001')).toBe(1);
  });

  it('that make no sense are told of once, whoever repeats them', () => {
    const told: string[] = [];
    const gossip = new ConfigGossip((sid, reason) => told.push(`${sid} ${reason}`));
    for (const sid of [2, 3]) expect(gossip.takeNews(sid, 'version=5', committed)).toBeNull();
    expect(told).toEqual(['2 a configuration has at least one participant']);
  });
});
