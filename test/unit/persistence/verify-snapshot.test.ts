// A verdict on a snapshot file before older ones go: whole to its end, or why not.

import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { verifySnapshot } from '../../../src/persistence/verify-snapshot.js';
import { expectedState, storeWith, VERSION_2 } from './persistence-fixture.js';

const FILES = [
  ['tiny-restarted-3.9', 'snapshot.10'],
  ['tiny-restarted-3.8', 'snapshot.10'],
  ['snapshot-gz-3.8', 'snapshot.10a.gz'],
  ['snapshot-gz-3.9', 'snapshot.10a.gz'],
  ['snapshot-snappy-3.8', 'snapshot.10a.snappy'],
  ['snapshot-snappy-3.9', 'snapshot.10a.snappy'],
] as const;

describe('verifySnapshot', () => {
  test.each(FILES)('%s %s is whole', (fixture, name) => {
    const verdict = verifySnapshot(storeWith(fixture), `${VERSION_2}/${name}`);
    const { nodes, sessions } = expectedState(fixture);
    expect(verdict).toMatchObject({ isWhole: true, sessionCount: Object.keys(sessions).length });
    if (verdict.isWhole) expect(verdict.nodeCount).toBeGreaterThanOrEqual(nodes.length - 5);
  });

  test.each(FILES)('%s %s, cut or with a byte flipped, is not', (fixture, name) => {
    const store = storeWith(fixture);
    const path = `${VERSION_2}/${name}`;
    const whole = store.contentsOf(path);
    for (const at of [0, 100, whole.length >> 1, whole.length - 2]) {
      const flipped = whole.slice();
      flipped[at] ^= 1;
      store.place(path, flipped);
      expect(verifySnapshot(store, path), `flipped at ${at}`).toMatchObject({ isWhole: false });
      store.place(path, whole.subarray(0, at));
      expect(verifySnapshot(store, path), `cut at ${at}`).toMatchObject({ isWhole: false });
    }
  });

  test('a gzip trailer counts, though a start does not look at it', () => {
    const store = storeWith('snapshot-gz-3.9');
    const path = `${VERSION_2}/snapshot.10a.gz`;
    const bytes = store.contentsOf(path);
    bytes[bytes.length - 5] ^= 1;
    store.place(path, bytes);
    expect(verifySnapshot(store, path)).toEqual({
      isWhole: false,
      reason: expect.stringContaining('its gzip trailer is wrong'),
    });
    store.place(path, gzipSync(gunzipSync(storeWith('snapshot-gz-3.9').contentsOf(path))));
    expect(verifySnapshot(store, path)).toMatchObject({ isWhole: true });
  });

  test('a file that is not there, or that the disk does not give, is not whole', () => {
    const store = storeWith('tiny-restarted-3.9');
    expect(verifySnapshot(store, `${VERSION_2}/snapshot.99`)).toMatchObject({ isWhole: false });
    store.onCall = ({ name }) => (name === 'read' ? 'EIO' : 'ok');
    const verdict = verifySnapshot(store, `${VERSION_2}/snapshot.10`);
    expect(verdict).toEqual({ isWhole: false, reason: expect.stringContaining('EIO') });
  });
});
