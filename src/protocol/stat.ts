// Stat, what clients are told about a node. Cold paths (client, tests, tools): the server keeps the record in wire form
// and copies it. Any thread.
//
//    0 czxid          8 mzxid         16 ctime         24 mtime        (longs)
//   32 version       36 cversion      40 aversion                      (ints)
//   44 ephemeralOwner (long)          52 dataLength    56 numChildren  (ints)
//   60 pzxid          (long)          68 bytes in all

import type { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';

export const STAT_BYTES = 68;

export interface Stat {
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly ctime: bigint;
  readonly mtime: bigint;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: bigint;
}

export function encodeStat(w: JuteWriter, record: Stat): void {
  w.writeLong(record.czxid);
  w.writeLong(record.mzxid);
  w.writeLong(record.ctime);
  w.writeLong(record.mtime);
  w.writeInt(record.version);
  w.writeInt(record.cversion);
  w.writeInt(record.aversion);
  w.writeLong(record.ephemeralOwner);
  w.writeInt(record.dataLength);
  w.writeInt(record.numChildren);
  w.writeLong(record.pzxid);
}

export function decodeStat(r: JuteReader): Stat {
  return {
    czxid: r.readLong(),
    mzxid: r.readLong(),
    ctime: r.readLong(),
    mtime: r.readLong(),
    version: r.readInt(),
    cversion: r.readInt(),
    aversion: r.readInt(),
    ephemeralOwner: r.readLong(),
    dataLength: r.readInt(),
    numChildren: r.readInt(),
    pzxid: r.readLong(),
  };
}
