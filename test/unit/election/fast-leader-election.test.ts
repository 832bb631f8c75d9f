import { describe, expect, it } from 'vitest';
import { config, ElectionScript } from './election-script.js';

describe('a call', () => {
  it('begins a round, and tells every voter of both configurations, observers never', () => {
    const server = new ElectionScript(1, '1 2 3:observer | version=1', '1 2 3:observer 4 | version=2');
    expect(server.look('100000003', 1)).toEqual(['-> 2 LOOKING 1 100000003 r1 e1', '-> 4 LOOKING 1 100000003 r1 e1']);
  });

  it('adopts a better vote, tells it, and follows after 200 ms of silence', () => {
    const server = new ElectionScript(1, '1 2 3');
    server.look('0', 0);
    expect(server.hear(2, 'LOOKING 2 0 r1 e0')).toEqual(['-> 2 LOOKING 2 0 r1 e0', '-> 3 LOOKING 2 0 r1 e0']);
    expect(server.wait(250)).toEqual(['200: FOLLOWING 2 0 r1 e0 by 1,2 after 200']);
  });

  it('keeps its own vote over a worse one, and leads', () => {
    const server = new ElectionScript(2, '1 2 3');
    server.look('0', 0);
    expect(server.hear(1, 'LOOKING 1 0 r1 e0')).toEqual(['-> 1 LOOKING 2 0 r1 e0']);
    expect(server.hear(1, 'LOOKING 2 0 r1 e0')).toEqual([]);
    expect(server.wait(250)).toEqual(['200: LEADING 2 0 r1 e0 by 1,2 after 200']);
  });

  it('answers a worse vote of its round, which may be of one that did not hear: once each time it tells', () => {
    const server = new ElectionScript(2, '1 2 3', '1 2 3');
    server.links.set(1, 'up').set(3, 'up');
    server.look('0', 0);
    expect(server.hear(1, 'LOOKING 1 0 r1 e0')).toEqual(['-> 1 LOOKING 2 0 r1 e0']);
    expect(server.hear(1, 'LOOKING 1 0 r1 e0')).toEqual([]);
    expect(server.wait(210)).toHaveLength(2);
    expect(server.hear(1, 'LOOKING 1 0 r1 e0')).toEqual(['-> 1 LOOKING 2 0 r1 e0']);
    // In the silence before a decision too.
    server.hear(1, 'LOOKING 2 0 r1 e0');
    expect(server.hear(3, 'LOOKING 1 0 r1 e0')).toEqual(['-> 3 LOOKING 2 0 r1 e0']);
  });

  it('a supporter that begins anew in the same round is none any more', () => {
    const server = new ElectionScript(2, '1 2 3');
    server.look('0', 0);
    server.hear(1, 'LOOKING 2 0 r1 e0');
    server.wait(100);
    expect(server.hear(1, 'LOOKING 1 0 r1 e0')).toEqual(['-> 1 LOOKING 2 0 r1 e0']);
    expect(server.wait(90)).toEqual([]);
    expect(server.wait(150).filter((line) => line.includes('LEADING'))).toEqual([]);
    server.hear(1, 'LOOKING 2 0 r1 e0');
    expect(server.wait(210).at(-1)).toBe('200: LEADING 2 0 r1 e0 by 1,2 after 540');
  });

  it('a better vote ends the silence, a worse one makes it begin anew', () => {
    const server = new ElectionScript(1, '1 2 3');
    server.look('0', 0);
    server.hear(2, 'LOOKING 2 0 r1 e0');
    expect(server.wait(190)).toEqual([]);
    expect(server.hear(2, 'LOOKING 2 0 r1 e0')).toEqual([]);
    expect(server.wait(190)).toEqual([]);
    expect(server.hear(3, 'LOOKING 3 0 r1 e0')).toEqual(['-> 2 LOOKING 3 0 r1 e0', '-> 3 LOOKING 3 0 r1 e0']);
    expect(server.wait(250)).toEqual(['200: FOLLOWING 3 0 r1 e0 by 1,3 after 580']);
  });

  it('orders votes by epoch, then zxid, then id', () => {
    const server = new ElectionScript(3, '1 2 3 4 5');
    server.look('200000005', 2);
    expect(server.hear(5, 'LOOKING 5 300000000 r1 e1')).toEqual(['-> 5 LOOKING 3 200000005 r1 e2']);
    expect(server.hear(1, 'LOOKING 5 200000004 r1 e2')).toEqual(['-> 1 LOOKING 3 200000005 r1 e2']);
    expect(server.hear(2, 'LOOKING 2 200000005 r1 e2')).toEqual(['-> 2 LOOKING 3 200000005 r1 e2']);
    expect(server.hear(4, 'LOOKING 4 200000005 r1 e2')[0]).toBe('-> 1 LOOKING 4 200000005 r1 e2');
    expect(server.hear(2, 'LOOKING 2 200000006 r1 e2')[0]).toBe('-> 1 LOOKING 2 200000006 r1 e2');
    expect(server.hear(1, 'LOOKING 1 1 r1 e3')[0]).toBe('-> 1 LOOKING 1 1 r1 e3');
  });

  it('a higher round begins anew: the vote heard competes with the own one, not with what was adopted', () => {
    const server = new ElectionScript(2, '1 2 3 4 5');
    server.look('0', 0);
    server.hear(5, 'LOOKING 5 0 r1 e0');
    expect(server.hear(1, 'LOOKING 1 0 r4 e0')[0]).toBe('-> 1 LOOKING 2 0 r4 e0');
    expect(server.hear(3, 'LOOKING 3 0 r7 e0')[0]).toBe('-> 1 LOOKING 3 0 r7 e0');
    // Votes of earlier rounds are gone.
    expect(server.wait(190)).toEqual([]);
    expect(server.hear(1, 'LOOKING 3 0 r7 e0')).toEqual([]);
    expect(server.wait(200)).toEqual(['200: FOLLOWING 3 0 r7 e0 by 1,2,3 after 390']);
  });

  it('a lower round is told the present proposal, and counts nowhere', () => {
    const server = new ElectionScript(1, '1 2 3');
    server.look('0', 0);
    server.hear(3, 'LOOKING 1 0 r5 e0');
    expect(server.wait(10)).toEqual([]);
    expect(server.hear(2, 'LOOKING 2 0 r4 e0')).toEqual(['-> 2 LOOKING 1 0 r5 e0']);
  });

  it('votes of or for who may not vote, and of who observes, count nowhere', () => {
    const server = new ElectionScript(1, '1 2 3 4:observer');
    server.look('0', 0);
    expect(server.hear(2, 'LOOKING 4 5 r1 e9')).toEqual([]);
    expect(server.hear(2, 'LOOKING 9 5 r1 e9')).toEqual([]);
    expect(server.hear(3, 'OBSERVING 2 5 r1 e9')).toEqual([]);
    expect(server.wait(190)).toEqual([]);
  });

  it('a database that knows no zxid neither votes nor is voted for', () => {
    const without = new ElectionScript(1, '1 2 3');
    without.look('ffffffffffffffff', 0);
    expect(without.hear(2, 'LOOKING 2 0 r1 e0')).toEqual([]);
    const server = new ElectionScript(1, '1 2 3');
    server.look('0', 0);
    expect(server.hear(2, 'LOOKING 2 ffffffffffffffff r1 e9')).toEqual([]);
  });

  it('who has no weight is never elected', () => {
    const server = new ElectionScript(1, '1 2 3 | group.1=1:2:3 | weight.3=0');
    server.look('0', 0);
    expect(server.hear(3, 'LOOKING 3 5 r1 e5')).toEqual([]);
    expect(server.hear(2, 'LOOKING 2 0 r1 e0')).toEqual(['-> 2 LOOKING 2 0 r1 e0', '-> 3 LOOKING 2 0 r1 e0']);
  });

  it('while a newer configuration is pending the quorum is one in both', () => {
    const server = new ElectionScript(1, '1 2 3 | version=1', '1 4 5 | version=2');
    server.look('0', 0);
    server.hear(2, 'LOOKING 1 0 r1 e0');
    expect(server.wait(400).filter((line) => line.includes('LEADING'))).toEqual([]);
    server.hear(4, 'LOOKING 1 0 r1 e0');
    expect(server.wait(210)).toEqual(['200: LEADING 1 0 r1 e0 by 1,2,4 after 600']);
  });

  it('the same again in a configuration that is no newer is one quorum', () => {
    const server = new ElectionScript(1, '1 2 3 | version=2', '1 4 5 | version=2');
    server.look('0', 0);
    server.hear(2, 'LOOKING 1 0 r1 e0');
    expect(server.wait(210)).toEqual(['200: LEADING 1 0 r1 e0 by 1,2 after 200']);
  });
});

describe('the silence before a decision', () => {
  it('is not waited for when every voter has voted for this server', () => {
    const server = new ElectionScript(3, '1 2 3');
    server.look('0', 0);
    expect(server.hear(1, 'LOOKING 3 0 r1 e0')).toEqual([]);
    expect(server.hear(2, 'LOOKING 3 0 r1 e0')).toEqual(['LEADING 3 0 r1 e0 by 1,2,3 after 0']);
  });

  it('is not waited for because of a server whose connection broke, the leader that was killed', () => {
    const server = new ElectionScript(2, '1 2 3');
    server.links.set(3, 'lost').set(1, 'up');
    server.look('0', 0);
    expect(server.hear(1, 'LOOKING 2 0 r1 e0')).toEqual(['LEADING 2 0 r1 e0 by 1,2 after 0']);
  });

  it('ends when that connection breaks', () => {
    const server = new ElectionScript(2, '1 2 3');
    server.links.set(3, 'up').set(1, 'up');
    server.look('0', 0);
    expect(server.hear(1, 'LOOKING 2 0 r1 e0')).toEqual([]);
    server.nowMs += 5;
    server.links.set(3, 'lost');
    server.election.onLost(server.nowMs);
    expect(server.take()).toEqual(['LEADING 2 0 r1 e0 by 1,2 after 5']);
  });

  it('is waited for because of a server that was never connected: it may be about to be', () => {
    const server = new ElectionScript(2, '1 2 3');
    server.links.set(1, 'up');
    server.look('0', 0);
    expect(server.hear(1, 'LOOKING 2 0 r1 e0')).toEqual([]);
    expect(server.wait(210)).toEqual(['200: LEADING 2 0 r1 e0 by 1,2 after 200']);
  });

  it('is waited for because of a connected server that votes for another, or in another round', () => {
    const server = new ElectionScript(2, '1 2 3');
    server.links.set(1, 'up').set(3, 'up');
    server.look('500000000', 1);
    server.hear(3, 'LOOKING 3 0 r1 e0');
    expect(server.hear(1, 'LOOKING 2 500000000 r1 e1')).toEqual([]);
    expect(server.wait(210)).toEqual(['200: LEADING 2 500000000 r1 e1 by 1,2 after 200']);
  });

  it('of who follows ends when the leader says so, in the same round', () => {
    const server = new ElectionScript(1, '1 2 3');
    server.links.set(2, 'up').set(3, 'lost');
    server.look('0', 0);
    server.hear(2, 'LOOKING 2 0 r1 e0');
    expect(server.wait(20)).toEqual([]);
    expect(server.hear(2, 'LEADING 2 0 r1 e0')).toEqual(['FOLLOWING 2 0 r1 e0 by 1,2 after 20']);
  });

  it('of who follows is none when the leader has said so before', () => {
    const server = new ElectionScript(1, '1 2 3 4 5');
    server.look('0', 0);
    server.hear(5, 'LOOKING 5 0 r1 e0');
    expect(server.hear(5, 'LEADING 5 0 r1 e0')).toEqual([]);
    expect(server.hear(4, 'LOOKING 5 0 r1 e0')).toEqual(['FOLLOWING 5 0 r1 e0 by 1,4,5 after 0']);
  });

  it('a leader tells all voters once it can be reached, and nobody before', () => {
    const server = new ElectionScript(3, '1 2 3 4:observer');
    server.look('0', 0);
    server.hear(4, 'LOOKING - - r1 e-');
    server.hear(1, 'LOOKING 3 0 r1 e0');
    expect(server.hear(2, 'LOOKING 3 0 r1 e0')).toEqual(['LEADING 3 0 r1 e0 by 1,2,3 after 0']);
    server.election.announce();
    expect(server.take()).toEqual(['-> 1 LEADING 3 0 r1 e0', '-> 2 LEADING 3 0 r1 e0', '-> 4 LEADING 3 0 r1 e0']);
    server.election.leave();
    server.election.announce();
    expect(server.take()).toEqual([]);
  });
});

describe('joining those who have decided', () => {
  const joining = (myId = 1, members = '1 2 3 4 5') => {
    const server = new ElectionScript(myId, members);
    server.look('0', 0);
    return server;
  };

  it('follows when a quorum names the leader, and the leader itself says that it leads', () => {
    const server = joining();
    expect(server.hear(2, 'FOLLOWING 3 100000000 r7 e2')).toEqual([]);
    expect(server.hear(4, 'FOLLOWING 3 100000000 r7 e2')).toEqual([]);
    expect(server.hear(5, 'FOLLOWING 3 100000000 r7 e2')).toEqual([]);
    expect(server.hear(3, 'LEADING 3 100000000 r7 e2')).toEqual(['FOLLOWING 3 100000000 r7 e2 by 2,3,4,5 after 0']);
  });

  const differing = [
    ['rounds', ['2 FOLLOWING 3 5 r6 e2', '3 LEADING 3 5 r8 e2', '4 FOLLOWING 3 5 r7 e2']],
    ['zxids', ['2 FOLLOWING 3 4 r6 e2', '3 LEADING 3 5 r6 e2', '4 FOLLOWING 3 6 r6 e2']],
  ] as const;
  it.each(differing)('ZOOKEEPER-1514, -1732, -1805: %s of the same leader may differ', (_name, heard) => {
    const server = joining();
    const lines = heard.flatMap((line) => server.hear(Number(line[0]), line.slice(2)));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^FOLLOWING 3 .* by 2,3,4 after 0$/);
  });

  it('ZOOKEEPER-1817, -1818: other epochs of the same leader are not the same leadership, but for old servers', () => {
    const server = joining();
    expect(server.hear(2, 'FOLLOWING 3 5 r6 e1')).toEqual([]);
    expect(server.hear(4, 'FOLLOWING 3 5 r6 e1')).toEqual([]);
    expect(server.hear(3, 'LEADING 3 5 r6 e2')).toEqual([]);
    expect(server.hear(2, 'FOLLOWING 3 5 r6 e2', 1)).toEqual([]);
    const old = joining();
    old.hear(2, 'FOLLOWING 3 5 r6 e1', 0);
    old.hear(4, 'FOLLOWING 3 5 r6 e1', 0);
    expect(old.hear(3, 'LEADING 3 5 r6 e2')).toEqual(['FOLLOWING 3 5 r6 e2 by 2,3,4 after 0']);
  });

  it('in the same round the leader alone decides, whatever the epoch: it has been established since', () => {
    const server = joining();
    server.hear(2, 'FOLLOWING 3 5 r1 e1');
    server.hear(4, 'FOLLOWING 3 5 r1 e2');
    expect(server.hear(3, 'LEADING 3 5 r1 e2')).toEqual(['FOLLOWING 3 5 r1 e2 by 2,3,4 after 0']);
  });

  it('votes of LOOKING servers count for a leader of the same round', () => {
    const server = joining(1, '1 2 3');
    server.hear(3, 'LOOKING 3 0 r1 e0');
    expect(server.hear(3, 'LEADING 3 0 r1 e0')).toEqual(['FOLLOWING 3 0 r1 e0 by 1,3 after 0']);
  });

  it('ZOOKEEPER-975: a server that joins does not go LEADING because others still follow it', () => {
    const server = joining(1, '1 2 3');
    expect(server.hear(2, 'FOLLOWING 1 5 r7 e2')).toEqual([]);
    expect(server.hear(3, 'FOLLOWING 1 5 r7 e2')).toEqual([]);
    expect(server.wait(100)).toEqual([]);
  });

  it('leads if a quorum follows it in this very round, its own vote among them', () => {
    const server = joining();
    expect(server.hear(2, 'FOLLOWING 1 0 r1 e0')).toEqual([]);
    expect(server.hear(3, 'FOLLOWING 1 0 r1 e0')).toEqual(['LEADING 1 0 r1 e0 by 1,2,3 after 0']);
  });

  it('nobody follows a leader of whom it has only heard', () => {
    const server = joining(1, '1 2 3');
    server.hear(2, 'FOLLOWING 3 5 r7 e2');
    expect(server.hear(3, 'FOLLOWING 3 5 r7 e2')).toEqual([]);
  });

  it('goes back to a lower round with those who are there', () => {
    const server = joining(1, '1 2 3');
    server.hear(3, 'LOOKING 3 0 r9 e0');
    server.hear(2, 'FOLLOWING 3 0 r2 e1');
    expect(server.hear(3, 'LEADING 3 0 r2 e1')).toEqual(['FOLLOWING 3 0 r2 e1 by 2,3 after 0']);
    server.election.leave();
    expect(server.look('0', 1)[0]).toBe('-> 2 LOOKING 1 0 r3 e1');
  });

  it('ZOOKEEPER-1154: who has the highest zxid and comes late follows all the same', () => {
    const server = new ElectionScript(1, '1 2 3');
    server.look('900000009', 9);
    server.hear(2, 'FOLLOWING 3 5 r1 e2');
    expect(server.hear(3, 'LEADING 3 5 r1 e2')).toEqual(['FOLLOWING 3 5 r1 e2 by 2,3 after 0']);
  });
});

describe('who has no vote', () => {
  it('an observer asks with nothing, and observes whom a quorum follows', () => {
    const server = new ElectionScript(4, '1 2 3 4:observer');
    expect(server.look('500000000', 5)).toEqual([
      '-> 1 LOOKING - - r1 e-',
      '-> 2 LOOKING - - r1 e-',
      '-> 3 LOOKING - - r1 e-',
    ]);
    server.hear(1, 'FOLLOWING 2 0 r1 e1');
    expect(server.hear(2, 'LEADING 2 0 r1 e1')).toEqual(['OBSERVING 2 0 r1 e1 by 1,2 after 0']);
  });

  it('a participant that is in no configuration asks with its own history, and follows', () => {
    const server = new ElectionScript(9, '1 2 3');
    expect(server.look('500000000', 5)[0]).toBe('-> 1 LOOKING - 500000000 r1 e5');
    server.hear(1, 'FOLLOWING 2 0 r1 e1');
    expect(server.hear(2, 'LEADING 2 0 r1 e1')).toEqual(['FOLLOWING 2 0 r1 e1 by 1,2 after 0']);
  });

  it('decides nothing by what LOOKING servers tell it, perhaps their votes of last time, and says the best of it', () => {
    const server = new ElectionScript(4, '1 2 3 4:observer');
    server.look('0', 0);
    expect(server.hear(1, 'LOOKING 3 0 r8 e1')).toEqual([1, 2, 3].map((sid) => `-> ${sid} LOOKING 3 0 r8 e1`));
    expect(server.hear(2, 'LOOKING 3 0 r8 e1')).toEqual([]);
    expect(server.hear(3, 'LOOKING 3 0 r8 e1')).toEqual([]);
    expect(server.wait(190)).toEqual([]);
  });

  it('has a vote for those who know that it is to have one, however long its own history is', () => {
    const server = new ElectionScript(9, '1 2 3');
    server.look('500000007', 5);
    expect(server.hear(2, 'LOOKING 2 500000003 r1 e5')[0]).toBe('-> 1 LOOKING 2 500000003 r1 e5');
    // 2 knows that 8 and 9 are to take the place of 1 and 3.
    const knowing = new ElectionScript(2, '1 2 3', '2 8 9 | version=500000004');
    knowing.look('500000003', 5);
    knowing.hear(1, 'LOOKING 2 500000003 r1 e5');
    expect(knowing.wait(300)).not.toContainEqual(expect.stringContaining('LEADING'));
    knowing.hear(9, 'LOOKING 2 500000003 r1 e5');
    expect(knowing.wait(300)).toContainEqual(expect.stringContaining('LEADING 2'));
  });

  it('follows whom the committed members follow, whatever it alone has seen proposed', () => {
    const server = new ElectionScript(3, '2 4 3:observer', '3 5 6 | version=200000003');
    server.look('200000003', 2);
    server.hear(2, 'FOLLOWING 4 500000001 r2 e6');
    expect(server.hear(4, 'LEADING 4 500000001 r2 e6')).toEqual(['OBSERVING 4 500000001 r2 e6 by 2,4 after 0']);
  });

  it('and had one among members of before, is no candidate of those who know', () => {
    const server = new ElectionScript(3, '2 3 | version=1', '2 3 4 | version=300000028');
    expect(server.look('300000028', 3)).toContainEqual(expect.stringContaining('LOOKING 3 300000028'));
    expect(server.hear(4, 'LOOKING 4 300000028 r1 e3').join()).not.toContain('LOOKING 4');
    // Of the same history, and in the lists of all.
    expect(server.hear(2, 'LOOKING 3 300000028 r1 e3').join() + server.wait(300).join()).not.toContain('LOOKING 4');
  });

  it('and is to have one, is followed into its round', () => {
    const server = new ElectionScript(2, '1 2 3', '2 8 9 | version=500000004');
    server.look('500000003', 5);
    expect(server.hear(9, 'LOOKING - 500000007 r3 e5')).toContain('-> 9 LOOKING 2 500000003 r3 e5');
    // Of no configuration, or with a vote that counts already, it is not.
    expect(server.hear(7, 'LOOKING - 500000007 r4 e5')).toEqual(['-> 7 LOOKING 2 500000003 r3 e5']);
    expect(server.hear(1, 'LOOKING - 500000007 r4 e5')).toEqual([]);
  });

  it('a voter that has lost what it had acknowledged asks like one, and takes the place it is given', () => {
    const server = new ElectionScript(3, '1 2 3');
    expect(server.look('500000000', 5, false)).toEqual([
      '-> 1 LOOKING - 500000000 r1 e5',
      '-> 2 LOOKING - 500000000 r1 e5',
    ]);
    server.hear(1, 'LOOKING 2 0 r1 e0');
    server.hear(2, 'LOOKING 2 0 r1 e0');
    expect(server.wait(190)).toEqual([]);
    server.hear(1, 'FOLLOWING 2 0 r1 e0');
    expect(server.hear(2, 'LEADING 2 0 r1 e0')).toEqual(['FOLLOWING 2 0 r1 e0 by 1,2 after 190']);
    const asked = new ElectionScript(1, '1 2 3');
    asked.look('0', 0);
    asked.hear(3, 'LOOKING - 500000000 r1 e5');
    asked.hear(2, 'LOOKING 2 0 r1 e0');
    expect(asked.hear(2, 'LEADING 2 0 r1 e0')).toEqual([
      'FOLLOWING 2 0 r1 e0 by 1,2 after 0',
      '-> 3 FOLLOWING 2 0 r1 e0',
    ]);
  });

  it('is told at once, in any state: the present proposal, or the vote of last time', () => {
    const server = new ElectionScript(1, '1 2 3 4:observer');
    server.look('100000005', 1);
    expect(server.hear(4, 'LOOKING - - r1 e-')).toEqual(['-> 4 LOOKING 1 100000005 r1 e1']);
    server.hear(2, 'LOOKING 2 100000005 r3 e1');
    server.wait(100);
    expect(server.hear(4, 'LOOKING - - r1 e-')).toEqual(['-> 4 LOOKING 2 100000005 r3 e1']);
    server.election.leave();
    server.wait(100);
    expect(server.hear(4, 'LOOKING - - r1 e-')).toEqual(['-> 4 LOOKING 1 100000005 r3 e1']);
  });

  it('that asked before the decision is told the decision', () => {
    const server = new ElectionScript(1, '1 2 3 4:observer');
    server.look('0', 0);
    server.hear(2, 'LOOKING 2 0 r3 e0');
    server.hear(4, 'LOOKING - - r1 e-');
    expect(server.hear(2, 'LEADING 2 0 r3 e0')).toEqual([
      'FOLLOWING 2 0 r3 e0 by 1,2 after 0',
      '-> 4 FOLLOWING 2 0 r3 e0',
    ]);
    server.wait(100);
    expect(server.hear(4, 'LOOKING - - r1 e-')).toEqual(['-> 4 FOLLOWING 2 0 r3 e0']);
  });

  it('that asked shortly before the role ended was told of a leader that is gone, and is told of the next', () => {
    const server = new ElectionScript(1, '1 2 3 4:observer');
    server.look('0', 0);
    server.hear(3, 'LOOKING 3 0 r1 e0');
    expect(server.hear(3, 'LEADING 3 0 r1 e0')).toHaveLength(1);
    server.wait(3000);
    expect(server.hear(4, 'LOOKING - - r1 e-')).toEqual(['-> 4 FOLLOWING 3 0 r1 e0']);
    server.election.leave();
    server.wait(500);
    server.look('0', 1);
    server.hear(2, 'LOOKING 2 0 r2 e1');
    expect(server.hear(2, 'LEADING 2 0 r2 e1')).toEqual([
      'FOLLOWING 2 0 r2 e1 by 1,2 after 0',
      '-> 4 FOLLOWING 2 0 r2 e1',
    ]);
  });

  it('is not answered twice within 50 ms: two strangers would never stop', () => {
    const server = new ElectionScript(1, '1 2 3');
    server.look('0', 0);
    expect(server.hear(9, 'LOOKING 9 0 r1 e0')).toHaveLength(1);
    server.wait(40);
    expect(server.hear(9, 'LOOKING 9 0 r1 e0')).toEqual([]);
    server.wait(10);
    expect(server.hear(9, 'LOOKING 9 0 r1 e0')).toHaveLength(1);
  });
});

describe('in a role', () => {
  const following = () => {
    const server = new ElectionScript(1, '1 2 3 4:observer');
    server.look('0', 0);
    server.hear(2, 'LOOKING 2 0 r3 e0');
    expect(server.hear(2, 'LEADING 2 0 r3 e0')).toHaveLength(1);
    return server;
  };

  it('answers a voter that looks with the vote it was elected by, and its own round', () => {
    const server = following();
    expect(server.hear(3, 'LOOKING 3 0 r9 e0')).toEqual(['-> 3 FOLLOWING 2 0 r3 e0']);
    expect(server.hear(3, 'FOLLOWING 2 0 r9 e0')).toEqual([]);
    expect(server.hear(2, 'LEADING 2 0 r9 e0')).toEqual([]);
  });

  it('ZOOKEEPER-1732: answers with the epoch that was established', () => {
    const server = following();
    server.election.established(1);
    expect(server.hear(3, 'LOOKING 3 0 r9 e0')).toEqual(['-> 3 FOLLOWING 2 0 r3 e1']);
    expect(server.hear(4, 'LOOKING - - r1 e-')).toEqual(['-> 4 FOLLOWING 2 0 r3 e1']);
  });

  it('a leader says which voter looks again', () => {
    const server = new ElectionScript(3, '1 2 3 4:observer');
    server.look('0', 0);
    server.hear(1, 'LOOKING 3 0 r1 e0');
    server.hear(2, 'LOOKING 3 0 r1 e0');
    expect(server.hear(2, 'LOOKING 2 0 r2 e0')).toEqual(['voter 2 is looking', '-> 2 LEADING 3 0 r1 e0']);
    expect(server.hear(4, 'LOOKING - - r1 e-')).toEqual(['-> 4 LEADING 3 0 r1 e0']);
  });

  it('that is over tells nobody of its leader any more, and hears what comes until it looks', () => {
    const server = following();
    server.election.leave();
    expect(server.hear(3, 'LOOKING 3 0 r4 e0')).toEqual([]);
    expect(server.look('0', 0)).toEqual([
      '-> 2 LOOKING 1 0 r4 e0',
      '-> 3 LOOKING 1 0 r4 e0',
      '-> 2 LOOKING 3 0 r4 e0',
      '-> 3 LOOKING 3 0 r4 e0',
    ]);
    expect(server.wait(210)).toEqual(['200: FOLLOWING 3 0 r4 e0 by 1,3 after 200']);
  });

  it('that a reconfiguration gave it answers for it', () => {
    const server = following();
    server.election.appoint(2, 1, 1, 9);
    expect(server.hear(3, 'LOOKING 3 0 r1 e0')).toEqual(['voter 3 is looking', '-> 3 LEADING 1 100000009 r3 e0']);
  });
});

describe('time', () => {
  it('is waited longer and longer, and what is proposed told again', () => {
    const server = new ElectionScript(1, '1 2', '1 2', { notificationMsMax: 1600 });
    server.links.set(2, 'up');
    server.look('0', 0);
    const lines = server.wait(6300);
    const told = lines.filter((line, index) => !line.includes('renew') && !lines[index - 1]?.includes('renew'));
    expect(told.map((line) => Number.parseInt(line, 10))).toEqual([200, 600, 1400, 3000, 4600, 6200]);
  });

  it('nothing was delivered: everybody is called', () => {
    const server = new ElectionScript(1, '1 2');
    server.links.set(2, 'up');
    server.delivers = false;
    server.look('0', 0);
    expect(server.wait(600)).toEqual(['200: connect all', '600: connect all']);
  });

  it('begins anew with what changes', () => {
    const server = new ElectionScript(1, '1 2 3');
    server.links.set(2, 'up').set(3, 'up');
    server.look('0', 0);
    server.wait(5000);
    server.hear(2, 'LOOKING 2 0 r1 e0', 2);
    expect(server.wait(10)).toEqual([]);
    const alone = new ElectionScript(1, '1 2 3');
    alone.links.set(2, 'up').set(3, 'up');
    alone.look('0', 0);
    alone.wait(5000);
    alone.election.onConnected(3, alone.nowMs);
    expect(alone.take()).toEqual(['-> 3 LOOKING 1 0 r1 e0']);
    expect(alone.wait(210)[0]).toBe('200: -> 2 LOOKING 1 0 r1 e0');
  });

  it('never lets a voter that is not connected wait for longer than a second', () => {
    const server = new ElectionScript(1, '1 2 3');
    server.links.set(2, 'up');
    server.look('0', 0);
    server.wait(30_000);
    const times = server
      .wait(10_000)
      .filter((line) => line.includes('-> 3'))
      .map((line) => Number(line.replace(/:.*/, '')));
    expect(times.length).toBeGreaterThanOrEqual(10);
    for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeLessThanOrEqual(1000);
  });

  it('makes a connection anew that says nothing, more and more seldom', () => {
    const server = new ElectionScript(1, '1 2 3');
    server.links.set(2, 'up').set(3, 'up');
    server.look('0', 0);
    const renewed: string[] = [];
    for (let second = 1; second <= 40; second++) {
      if (second % 2 === 1) server.hear(3, 'LOOKING 1 0 r0 e0');
      if (server.wait(1000).some((line) => line.endsWith('renew 2'))) renewed.push(`${second}`);
    }
    expect(renewed).toEqual(['2', '6', '14', '30']);
  });

  it('is nothing to who does not look', () => {
    const server = new ElectionScript(1, '1 2 3');
    expect(server.wait(5000)).toEqual([]);
    expect(server.hear(4, 'LOOKING 4 0 r1 e0')).toEqual([]);
  });
});

describe('the configuration of a peer', () => {
  const settings = { reconfigEnabled: true };
  const newer = config('1 2 3 4 | version=300000000').toText();
  const renamed = config('1 2 3 | version=300000000').toText();
  const looking = () => {
    const server = new ElectionScript(1, '1 2 3 | version=5', undefined, settings);
    server.look('0', 0);
    return server;
  };

  it('with other members ends the call until the quorum peer has taken it in', () => {
    const server = looking();
    expect(server.hear(2, 'LOOKING 2 0 r1 e0', 2, newer)).toEqual(['gossip version=300000000, given up']);
    expect(server.hear(3, 'LOOKING 3 0 r1 e0', 2, newer)).toEqual([]);
    expect(server.look('0', 0)).toEqual([]);
    expect(server.wait(5000)).toEqual([]);
    server.election.configs(config('1 2 3 4 | version=300000000'), config('1 2 3 4 | version=300000000'), true);
    expect(server.look('0', 0)).toEqual(['-> 2 LOOKING 1 0 r1 e0', '-> 3 LOOKING 1 0 r1 e0', '-> 4 LOOKING 1 0 r1 e0']);
    expect(server.hear(4, 'LOOKING 4 0 r1 e0', 2, newer)).toHaveLength(3);
  });

  it('that comes before the call is looked at when it begins', () => {
    const server = new ElectionScript(1, '1 2 3 | version=5', undefined, settings);
    expect(server.hear(2, 'LOOKING 2 0 r1 e0', 2, newer)).toEqual([]);
    expect(server.look('0', 0)).toEqual([
      '-> 2 LOOKING 1 0 r1 e0',
      '-> 3 LOOKING 1 0 r1 e0',
      'gossip version=300000000, given up',
    ]);
  });

  it('with the same members is told, once, and the vote counts', () => {
    const server = looking();
    expect(server.hear(2, 'LOOKING 2 0 r1 e0', 2, renamed)).toEqual([
      'gossip version=300000000',
      '-> 2 LOOKING 2 0 r1 e0',
      '-> 3 LOOKING 2 0 r1 e0',
    ]);
    expect(server.hear(2, 'LOOKING 2 0 r1 e0', 2, renamed)).toEqual([]);
    expect(server.wait(210)).toEqual(['200: FOLLOWING 2 0 r1 e0 by 1,2 after 200']);
  });

  it('is nothing to who has a role, to who has it or a newer one, and without reconfiguration', () => {
    const server = looking();
    expect(server.hear(2, 'LOOKING 2 0 r1 e0', 2, config('1 2 | version=5').toText())).toHaveLength(2);
    server.hear(2, 'LEADING 2 0 r1 e0');
    expect(server.hear(3, 'LOOKING 3 0 r1 e0', 2, newer)).toEqual(['-> 3 FOLLOWING 2 0 r1 e0']);
    const fixed = new ElectionScript(1, '1 2 3');
    fixed.look('0', 0);
    expect(fixed.hear(2, 'LOOKING 2 0 r1 e0', 2, newer)).toHaveLength(2);
  });

  it('that cannot be read is named once, and the vote counts', () => {
    const server = looking();
    expect(server.hear(2, 'LOOKING 2 0 r1 e0', 2, 'nonsense=1')).toEqual([
      'config of 2: Unrecognised parameter: nonsense',
      '-> 2 LOOKING 2 0 r1 e0',
      '-> 3 LOOKING 2 0 r1 e0',
    ]);
    expect(server.hear(2, 'LOOKING 2 0 r1 e0', 2, 'nonsense=1')).toEqual([]);
  });

  it('changed in a role: rounds begin anew, the answers are the same', () => {
    const server = looking();
    server.hear(2, 'LOOKING 2 0 r6 e0');
    server.hear(2, 'LEADING 2 0 r6 e0');
    server.election.configs(config('1 2 3 4 | version=6'), config('1 2 3 4 | version=6'), true);
    expect(server.hear(4, 'LOOKING 4 0 r1 e0')).toEqual(['-> 4 FOLLOWING 2 0 r6 e0']);
    server.election.leave();
    expect(server.look('0', 0)[0]).toBe('-> 2 LOOKING 1 0 r1 e0');
  });
});
