// The system may write less than it was told to: a full disk shows so first. The real file store goes on until all is
// written, or the system says why not.

import { expect, test, vi } from 'vitest';
import { FatalStorageError } from '../../../src/persistence/fatal-storage-error.js';
import { NodeFileStore } from '../../../src/persistence/node-file-store.js';
import { makeTempDir } from '../../testing/temp-dir.js';
import { append, createEntry, newWriter, readLog } from './txn-entries.js';

const system = vi.hoisted(() => ({ bytesMax: Number.POSITIVE_INFINITY, room: Number.POSITIVE_INFINITY, writes: 0 }));

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  const writeSync = (
    descriptor: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number => {
    system.writes++;
    const count = Math.min(length, system.bytesMax, system.room);
    if (count === 0 && system.bytesMax > 0)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    system.room -= count;
    return count === 0 ? 0 : fs.writeSync(descriptor, bytes, offset, count, position);
  };
  return { ...fs, writeSync };
});

function entries(): Uint8Array[] {
  return [1n, 2n, 3n].map((zxid) => createEntry(zxid, `/n${zxid}`, new Uint8Array(300).fill(Number(zxid))));
}

function commitAll(directory: string): void {
  const writer = newWriter(new NodeFileStore(), { directory });
  entries().forEach((entry, i) => {
    append(writer, entry, BigInt(i + 1));
    writer.commit();
  });
  writer.close();
}

test('writes of seven bytes at a time make the same log', () => {
  using directory = makeTempDir('short-write');
  Object.assign(system, { bytesMax: 7, room: Number.POSITIVE_INFINITY, writes: 0 });
  commitAll(directory.path);
  expect(readLog(new NodeFileStore(), `${directory.path}/log.1`)).toMatchObject({ entries: entries(), end: 'clean' });
  expect(system.writes).toBeGreaterThan(100);
});

test('a short write and then no more room: the writer ends, and what was committed is there', () => {
  using directory = makeTempDir('short-write');
  // Behind the first commit, its mark included, there is room for half of the next record.
  Object.assign(system, { bytesMax: Number.POSITIVE_INFINITY, room: Number.POSITIVE_INFINITY, writes: 0 });
  const writer = newWriter(new NodeFileStore(), { directory: directory.path });
  const [first, second] = entries();
  append(writer, first, 1n);
  writer.commit();
  system.room = 150;
  append(writer, second, 2n);
  expect(() => writer.commit()).toThrow(FatalStorageError);
  expect(() => writer.commit()).toThrow('ENOSPC');
  system.room = Number.POSITIVE_INFINITY;
  writer.close();
  expect(readLog(new NodeFileStore(), `${directory.path}/log.1`)).toMatchObject({ entries: [first], end: 'torn' });
});

test('a write that writes nothing and says nothing is a failure, not a loop', () => {
  using directory = makeTempDir('short-write');
  Object.assign(system, { bytesMax: 0, room: Number.POSITIVE_INFINITY, writes: 0 });
  expect(() => commitAll(directory.path)).toThrow(/cannot start .*log\.1: EIO: nothing was written/);
  expect(system.writes).toBe(1);
});
