// Small files that are replaced whole: epoch files, the log floor, configuration files. Any thread that may block. After a
// crash at any moment such a file holds its old content or its new one, never a part of either, and once a function has
// returned the new state stays. Nothing here tries a failed call again; every replacement begins a file of its own, so
// that a caller may ask for the same replacement later.
//
//   <name>.tmp   create, write, fsync, close     a failure up to the rename deletes it again
//   <name>       rename over it, fsync of the directory
//
// Who needs it: quorum-peer, leader and learner (epochs, the floor), reconfig (configuration files).

import { type FileStore, parentOf, type StoredFile } from './file-store.js';

export const ATOMIC_TEMPORARY_SUFFIX = '.tmp';

/**
 * Throws what the file store throws: the file is then what it was, or, when only the directory's fsync failed, the new one.
 * It gets the permissions of `like`, the file it replaces unless given: what replaces or copies a file that only its owner
 * may read (zoo.cfg with passwords) must not be readable by more.
 */
export function replaceFile(fileStore: FileStore, path: string, content: Uint8Array, like = path): void {
  const temporary = path + ATOMIC_TEMPORARY_SUFFIX;
  writeTemporary(fileStore, temporary, content, like);
  try {
    fileStore.rename(temporary, path);
  } catch (error) {
    discard(fileStore, null, temporary);
    throw error;
  }
  fileStore.syncDirectory(parentOf(path));
}

/** All of a replacement but the rename: throws what is in its way, a full disk, say. Leaves nothing behind. */
export function rehearseReplacement(fileStore: FileStore, path: string, content: Uint8Array): void {
  const temporary = path + ATOMIC_TEMPORARY_SUFFIX;
  writeTemporary(fileStore, temporary, content, path);
  fileStore.unlink(temporary);
}

/** Durable when it returns, but for its name; when it throws, gone. */
function writeTemporary(fileStore: FileStore, temporary: string, content: Uint8Array, like: string): void {
  if (fileStore.exists(temporary)) fileStore.unlink(temporary);
  const file = fileStore.createNew(temporary, fileStore.exists(like) ? like : undefined);
  let open: StoredFile | null = file;
  try {
    file.write(content, 0, content.length, 0);
    file.sync();
    open = null; // a file whose close failed must not be closed again
    file.close();
  } catch (error) {
    discard(fileStore, open, temporary);
    throw error;
  }
}

/** Null when there is none. */
export function readWholeFile(fileStore: FileStore, path: string): Uint8Array | null {
  if (!fileStore.exists(path)) return null;
  const file = fileStore.openForRead(path);
  try {
    const bytes = new Uint8Array(file.size());
    return bytes.subarray(0, file.read(bytes, 0, bytes.length, 0));
  } finally {
    file.close();
  }
}

/** Durably gone when it returns, also when an earlier process removed it and was killed before the fsync. */
export function removeFile(fileStore: FileStore, path: string): void {
  if (fileStore.exists(path)) fileStore.unlink(path);
  fileStore.syncDirectory(parentOf(path));
}

/** The first error is the one to report; a disk that refuses this as well leaves a name that the next replacement removes. */
function discard(fileStore: FileStore, open: StoredFile | null, temporary: string): void {
  try {
    open?.close();
    fileStore.unlink(temporary);
  } catch {
    return;
  }
}
