// Where the bytes of a snapshot being written go: to its file as they are, or compressed on the way (gz-output.ts,
// snappy-output.ts). Owned by one writer on one thread; bytes given are the caller's again when the call returns.
//
// The file is synced by the megabyte: left to the end, one fsync of 200 MB kept the log's fdatasync waiting for up to 115 ms
// (and 12.8 ms in the slowest thousandth); synced by the megabyte, 50 ms and 4.7 ms (ext4 on a virtual disk, two runs each;
// alone: 10 and 3.8 ms).

import type { StoredFile } from './file-store.js';
import { GzOutput } from './gz-output.js';
import { SnappyOutput } from './snappy-output.js';
import type { SnapshotCompression } from './snapshot-compression.js';

export interface PackedOutput {
  write(bytes: Uint8Array, offset: number, length: number): void;
  /** Writes what is left and what closes the format; nothing may be written afterwards. */
  end(): void;
}

const SYNC_BYTES = 1 << 20;

/** The disk is not full yet, but what is left is the log's: a snapshot can be taken again, a log that finds no room cannot. */
export class DiskReserveError extends Error {
  override readonly name = 'DiskReserveError';
  readonly code = 'ENOSPC';

  constructor(path: string, roomBytes: number) {
    super(`no space left for '${path}' beside what the log may need (${Math.max(0, Math.floor(roomBytes))} bytes)`);
  }
}

export class SnapshotFileOutput implements PackedOutput {
  byteCount = 0;
  private readonly file: StoredFile;
  private readonly roomBytes: () => number;
  private syncedTo = 0; // Invariant: byteCount - syncedTo < SYNC_BYTES between calls

  /** roomBytes: how much may be written yet, asked for each piece. */
  constructor(file: StoredFile, roomBytes: () => number) {
    this.file = file;
    this.roomBytes = roomBytes;
  }

  write(bytes: Uint8Array, offset: number, length: number): void {
    const roomBytes = this.roomBytes();
    if (roomBytes < length) throw new DiskReserveError(this.file.path, roomBytes);
    this.file.write(bytes, offset, length, this.byteCount);
    this.byteCount += length;
    if (this.byteCount - this.syncedTo < SYNC_BYTES) return;
    this.file.syncData();
    this.syncedTo = this.byteCount;
  }

  end(): void {
    this.file.sync();
  }
}

/** What compresses on the way to `file`. */
export function packedOutput(file: SnapshotFileOutput, compression: SnapshotCompression): PackedOutput {
  switch (compression) {
    case 'none':
      return file;
    case 'gz':
      return new GzOutput(file);
    case 'snappy':
      return new SnappyOutput(file);
  }
}
