// Which snapshots a directory holds, in the order in which a start tries them, and the quick test that says whether one
// is worth trying. Any thread that may block.
// The quick test reads a few bytes only and says nothing about checksums: nobody may delete or trust a file for it.

import { equalBytes } from '../base/bytes.js';
import { compareSigned } from '../base/int64.js';
import { type DataFileName, parseDataFileName, SNAPSHOT_PREFIX, TEMPORARY_PREFIX } from './file-names.js';
import { type FileStore, joinPath, type StoredFile } from './file-store.js';
import { SNAPPY_MAGIC } from './snappy-format.js';
import { compressionOf, type SnapshotCompression } from './snapshot-compression.js';
import { isSlashString, QUICK_TEST_BYTES_MIN, SLASH_STRING_BYTES } from './snapshot-format.js';

/** A start tries no more than this many. */
export const SNAPSHOTS_TRIED_MAX = 100;

const SUFFIXES = ['.gz', '.snappy'];
const GZ_MAGIC = Uint8Array.of(0x1f, 0x8b);

/** By descending zxid. `snapshot.<zxid>.tmp` is left out: the reference's half of an atomic write, or its leftover. */
export function listSnapshots(fileStore: FileStore, directory: string): DataFileName[] {
  const files: DataFileName[] = [];
  for (const name of fileStore.list(directory)) {
    const file = parseDataFileName(name, SNAPSHOT_PREFIX, SUFFIXES);
    if (file !== null && !name.endsWith('.tmp')) files.push(file);
  }
  return files.sort((a, b) => compareSigned(b.zxidHi, b.zxidLo, a.zxidHi, a.zxidLo));
}

/** False as well when the file cannot be read. */
export function passesQuickTest(
  fileStore: FileStore,
  directory: string,
  name: string,
  onUnreadable: (error: unknown) => void = () => {},
): boolean {
  let file: StoredFile;
  try {
    file = fileStore.openForRead(joinPath(directory, name));
  } catch (error) {
    onUnreadable(error);
    return false;
  }
  try {
    return looksWhole(file, compressionOf(name));
  } catch (error) {
    onUnreadable(error);
    return false;
  } finally {
    file.close();
  }
}

function looksWhole(file: StoredFile, compression: SnapshotCompression): boolean {
  if (compression === 'gz') return startsWith(file, GZ_MAGIC);
  if (compression === 'snappy') return startsWith(file, SNAPPY_MAGIC);
  const size = file.size();
  if (size < QUICK_TEST_BYTES_MIN) return false;
  const tail = new Uint8Array(SLASH_STRING_BYTES);
  return file.read(tail, 0, tail.length, size - tail.length) === tail.length && isSlashString(tail, 0);
}

function startsWith(file: StoredFile, magic: Uint8Array): boolean {
  const head = new Uint8Array(magic.length);
  return file.read(head, 0, head.length, 0) === head.length && equalBytes(head, 0, magic, 0, head.length);
}

/** Removes what a crash left of snapshots that were being written; returns their names. */
export function removeTemporaries(fileStore: FileStore, directory: string): string[] {
  const names = fileStore.list(directory).filter((name) => name.startsWith(TEMPORARY_PREFIX + SNAPSHOT_PREFIX));
  for (const name of names) fileStore.unlink(joinPath(directory, name));
  return names;
}
