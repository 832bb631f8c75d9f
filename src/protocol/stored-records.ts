// Records that occur in files only: the header of logs and snapshots, and the Stat as a snapshot keeps it. Cold paths,
// any thread.
//
//   FileHeader      [ magic:int | version:int | dbid:long ]                                              16 bytes
//   StatPersisted   [ czxid | mzxid | ctime | mtime | version:int | cversion:int | aversion:int |
//                     ephemeralOwner | pzxid ]                             longs where nothing is said,  60 bytes
//
// The stored cversion counts the children ever created; what clients see is derived from it.

import type { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';

export const FILE_HEADER_BYTES = 16;
export const STAT_PERSISTED_BYTES = 60;

/** "ZKLG" and "ZKSN". */
export const TXN_LOG_MAGIC = 0x5a4b4c47;
export const SNAPSHOT_MAGIC = 0x5a4b534e;
export const FILE_VERSION = 2;

export interface FileHeader {
  readonly magic: number;
  readonly version: number;
  /** 0 in logs, -1 in snapshots; ignored on reading. */
  readonly dbid: bigint;
}

export interface StatPersisted {
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly ctime: bigint;
  readonly mtime: bigint;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** Session id, or the mark of a container or TTL node. */
  readonly ephemeralOwner: bigint;
  readonly pzxid: bigint;
}

export function encodeFileHeader(w: JuteWriter, record: FileHeader): void {
  w.writeInt(record.magic);
  w.writeInt(record.version);
  w.writeLong(record.dbid);
}

export function decodeFileHeader(r: JuteReader): FileHeader {
  return { magic: r.readInt(), version: r.readInt(), dbid: r.readLong() };
}

export function encodeStatPersisted(w: JuteWriter, record: StatPersisted): void {
  w.writeLong(record.czxid);
  w.writeLong(record.mzxid);
  w.writeLong(record.ctime);
  w.writeLong(record.mtime);
  w.writeInt(record.version);
  w.writeInt(record.cversion);
  w.writeInt(record.aversion);
  w.writeLong(record.ephemeralOwner);
  w.writeLong(record.pzxid);
}

export function decodeStatPersisted(r: JuteReader): StatPersisted {
  return {
    czxid: r.readLong(),
    mzxid: r.readLong(),
    ctime: r.readLong(),
    mtime: r.readLong(),
    version: r.readInt(),
    cversion: r.readInt(),
    aversion: r.readInt(),
    ephemeralOwner: r.readLong(),
    pzxid: r.readLong(),
  };
}
