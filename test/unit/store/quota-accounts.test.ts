// Quota bookkeeping at the tree itself: what only replay over a fuzzy snapshot or a load brings about. What clients see of it
// is in processor/quotas.test.ts.

import { describe, expect, test } from 'vitest';
import { NodeKind } from '../../../src/store/node-layout.js';
import { TreeFixture } from './tree-fixture.js';

const Q = '/zookeeper/quota';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function withQuota(): TreeFixture {
  const f = new TreeFixture();
  f.create('/q', { data: bytes('abc') });
  f.create(`${Q}/q`);
  f.create(`${Q}/q/zookeeper_limits`, { data: bytes('count=5') });
  f.create(`${Q}/q/zookeeper_stats`);
  return f;
}

function stats(f: TreeFixture, path = '/q'): string {
  const reader = f.newReader();
  const stats = bytes(`${Q}${path}/zookeeper_stats`);
  const sequence = reader.begin();
  const ref = reader.find(stats, 0, stats.length);
  const data = new Uint8Array(reader.dataLength(ref));
  reader.copyData(ref, data, 0, data.length);
  expect(reader.valid(sequence)).toBe(true);
  return new TextDecoder().decode(data);
}

describe('the tree counts under its quotas', () => {
  test('when nobody asks for it, the new stats node is filled at the end of the section', () => {
    const f = withQuota();
    expect(f.tree.quotaRecountDue).toBe(false);
    expect(stats(f)).toBe('count=1,bytes=3');
  });

  test('what goes because its parent goes', () => {
    const f = withQuota();
    for (const path of ['/q/a', '/q/a/b', '/q/a/b/c', '/q/d']) f.create(path, { data: bytes('12') });
    f.create('/q/a/e', { data: bytes('1234'), kind: NodeKind.ephemeral, ownerLo: 7 });
    expect(stats(f)).toBe('count=6,bytes=15');
    f.delete('/q/a');
    expect(stats(f)).toBe('count=2,bytes=5');
    f.delete('/q');
    expect(stats(f)).toBe('count=0,bytes=0');
    f.tree.checkInvariants();
  });

  test('the quota nodes themselves may go with their parent', () => {
    const f = withQuota();
    f.delete(`${Q}/q`);
    f.create('/q/a');
    f.create(`${Q}/q`);
    f.create(`${Q}/q/zookeeper_stats`, { data: bytes('count=9,bytes=9') });
    f.create('/q/b');
    // Filled once; without limits there is nothing to keep it.
    expect(stats(f)).toBe('count=2,bytes=3');
    f.tree.checkInvariants();
  });

  test('a text that outgrows its node and shrinks again', () => {
    const f = withQuota();
    const long = Array.from({ length: 60 }, (_, i) => `a-long-name-of-a-key-${i}=1`).join(',');
    f.setData(`${Q}/q/zookeeper_stats`, bytes(`count=1,bytes=3,${long}`), 1);
    f.create('/q/a');
    expect(stats(f).startsWith('count=2,bytes=3=;a-long-name-of-a-key-0=1;')).toBe(true);
    f.setData(`${Q}/q/zookeeper_stats`, bytes('count=1,bytes=3'), 2);
    f.create('/q/b');
    expect(stats(f)).toBe('count=2,bytes=3');
    f.tree.checkInvariants();
  });
});

describe('a load', () => {
  test('forgets the quotas of the tree before, and finds those of the new one', () => {
    const f = withQuota();
    f.tree.beginWrite();
    f.tree.reset();
    f.tree.recountQuotas();
    f.tree.endWrite(0, ++f.zxid);
    f.create('/q');
    f.create(`${Q}/q`);
    f.create(`${Q}/q/zookeeper_stats`);
    f.create('/q/a');
    expect(stats(f)).toBe('count=1,bytes=0');
    f.create(`${Q}/q/zookeeper_limits`);
    for (let i = 0; i < 300; i++) f.create(`/q/${i}`, { data: bytes('x') });
    f.setData(`${Q}/q/zookeeper_stats`, bytes('count=0,bytes=0'), 1);
    f.tree.beginWrite();
    f.tree.recountQuotas();
    f.tree.endWrite(0, ++f.zxid);
    expect(stats(f)).toBe('count=302,bytes=300');
  });

  test('counts all of a tree whose figures are not published yet', () => {
    const f = withQuota();
    f.tree.beginWrite();
    for (let i = 0; i < 2000; i++) {
      const path = bytes(`/q/${i}`);
      f.tree.create(path, 0, path.length, bytes('ab'), 0, 2, null, 0, -1, NodeKind.persistent, 0, 0, -1, 0, 9, 0, 9);
    }
    f.tree.recountQuotas();
    f.tree.endWrite(0, 9);
    expect(stats(f)).toBe('count=2001,bytes=4003');
  });
});
