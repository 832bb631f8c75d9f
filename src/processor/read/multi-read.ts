/**
 * multiRead (client-protocol 3.7): several getData and getChildren, each with its own result, all from one state of the tree;
 * none of them sets a watch. Finisher: runs inside begin..valid on the thread of a connection shard or of final; what it
 * appends counts only if the section was valid.
 *
 * The whole request is decoded before anything is read. What cannot be answered ends the results: a write is refused with -5
 * and no results before the end header, a null path with -5 behind the results of the reads before it; a request that does
 * not decode, or that mixes reads and writes, gets -5 alone.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { skipMultiPart } from '../multi-part.js';
import type { RequestBody } from '../request-body.js';
import { finishGetChildren } from './get-children.js';
import { finishGetData } from './get-data.js';
import { NOT_HERE, type ReadContext, TORN, Watch } from './read-context.js';

const HEADER_BYTES = 9;
/** On a shard: beyond either of these final answers, so that long work is not begun anew again and again. */
const GUARDED_BYTES_MAX = 1 << 18;
const GUARDED_PARTS_MAX = 256;
/** A frame of 1 MB can ask for 70 000 nodes of 1 MB each; nobody takes such a reply. */
const REPLY_BYTES_MAX = 32 << 20;

const Contents = { reads: 0, writes: 1, undecodable: 2 } as const;

export function finishMultiRead(read: ReadContext): number {
  const { body, out } = read;
  const begin = body.position;
  const outBegin = out.length;
  read.parts.length = 0;
  const contents = decode(body);
  body.position = begin;
  if (contents === Contents.undecodable) return ErrorCode.MarshallingError;
  if (contents === Contents.writes) return endWithError(read);
  const bytesMax = read.isGuarded ? GUARDED_BYTES_MAX : REPLY_BYTES_MAX;
  for (let parts = 0; ; parts++) {
    if (read.isGuarded && parts > GUARDED_PARTS_MAX) return NOT_HERE;
    const op = body.readInt();
    const done = body.readBool();
    body.skip(4);
    if (done) break;
    const error = finishPart(read, op);
    if (error === TORN || error === NOT_HERE) return error;
    if (error === ErrorCode.MarshallingError) return endWithError(read);
    if (out.length - outBegin > bytesMax) {
      if (read.isGuarded) return NOT_HERE;
      out.length = outBegin;
      return ErrorCode.MarshallingError;
    }
  }
  writeHeader(read, OpCode.error, 1, -1);
  return ErrorCode.Ok;
}

/** One result. The part's path and watch flag are read even when its node is missing, so the cursor stands behind it. */
function finishPart(read: ReadContext, op: number): number {
  const { out } = read;
  const header = out.length;
  writeHeader(read, op, 0, ErrorCode.Ok);
  const error = op === OpCode.getData ? finishGetData(read) : finishGetChildren(read, false);
  read.watch = Watch.none;
  if (error === ErrorCode.NoNode || error === ErrorCode.NoAuth) {
    out.length = header;
    writeHeader(read, OpCode.error, 0, error);
    out.writeInt(error);
  } else if (error !== ErrorCode.Ok) {
    out.length = header;
  } else {
    read.parts.push(read.pathOffset, read.pathLength, read.valueBytes);
  }
  return error;
}

function decode(body: RequestBody): number {
  let contents: number | null = null;
  for (;;) {
    const op = body.readInt();
    const done = body.readBool();
    body.skip(4);
    if (body.failed) return Contents.undecodable;
    if (done) return contents ?? Contents.reads;
    const isRead = op === OpCode.getData || op === OpCode.getChildren;
    if (isRead) {
      body.readSlice();
      body.readBool();
      if (body.failed) return Contents.undecodable;
    } else if (!skipMultiPart(body, op)) {
      return Contents.undecodable;
    }
    const kind = isRead ? Contents.reads : Contents.writes;
    if (contents !== null && contents !== kind) return Contents.undecodable;
    contents = kind;
  }
}

/** -5, behind the results so far. */
function endWithError(read: ReadContext): number {
  writeHeader(read, OpCode.error, 1, -1);
  read.bodyWithError = true;
  return ErrorCode.MarshallingError;
}

function writeHeader(read: ReadContext, type: number, done: number, error: number): void {
  const { out } = read;
  out.reserve(HEADER_BYTES);
  out.writeInt(type);
  out.writeByte(done);
  out.writeInt(error);
}
