// The headers in front of every request and every reply. Cold paths (client, tests, tools), any thread; a server reads
// and writes them in place at the offsets drawn here.
//
//   frame     [ length:int | header | record ]           the length does not count itself
//   request   [ xid:int | type:int ]                     8 bytes
//   reply     [ xid:int | zxid:long | err:int ]          16 bytes; a record follows only when err is 0

import type { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';

export const REQUEST_HEADER_BYTES = 8;
export const REPLY_HEADER_BYTES = 16;

export interface RequestHeader {
  readonly xid: number;
  readonly type: number;
}

export interface ReplyHeader {
  readonly xid: number;
  readonly zxid: bigint;
  readonly err: number;
}

export function encodeRequestHeader(w: JuteWriter, record: RequestHeader): void {
  w.writeInt(record.xid);
  w.writeInt(record.type);
}

export function decodeRequestHeader(r: JuteReader): RequestHeader {
  return { xid: r.readInt(), type: r.readInt() };
}

export function encodeReplyHeader(w: JuteWriter, record: ReplyHeader): void {
  w.writeInt(record.xid);
  w.writeLong(record.zxid);
  w.writeInt(record.err);
}

export function decodeReplyHeader(r: JuteReader): ReplyHeader {
  return { xid: r.readInt(), zxid: r.readLong(), err: r.readInt() };
}
