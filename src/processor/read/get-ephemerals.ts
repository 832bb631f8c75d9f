/**
 * getEphemerals (client-protocol 3.6): paths of the asking session's ephemerals that begin with a text, in no order; nobody's
 * permission is asked. Finisher: runs inside begin..valid on the thread of a connection shard or of final; what it appends
 * counts only if the section was valid. A long list is left to final, which no write can disturb.
 *
 * The prefix is plain text, not a path: `/ab` also means `/abc`. Null, blank and `/` (with blanks around it) mean all.
 */
import { equalBytes, writeInt32 } from '../../base/bytes.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { NOT_HERE, type ReadContext, TORN } from './read-context.js';

const SLASH = 0x2f;
/** Java's trim() takes away everything up to here. */
const BLANK_MAX = 0x20;

export function finishGetEphemerals(read: ReadContext): number {
  const { body, tree, out } = read;
  const length = body.readSlice();
  const offset = body.sliceOffset;
  if (body.failed) return ErrorCode.MarshallingError;
  const { sessionHi, sessionLo } = read;
  const limit = tree.ephemeralCountOf(sessionHi, sessionLo);
  if (limit > read.childrenMax) return NOT_HERE;
  const all = length < 0 || meansAll(body.bytes, offset, length);
  const countAt = out.reserve(4);
  out.length = countAt + 4;
  let count = 0;
  let ref = tree.firstEphemeralOf(sessionHi, sessionLo);
  for (let i = 0; i < limit && ref !== 0; i++) {
    const pathLength = tree.pathLength(ref);
    if (!read.trust(pathLength)) return TORN;
    const at = out.reserve(4 + pathLength);
    tree.copyPath(ref, out.bytes, at + 4, pathLength);
    if (all || beginsWith(out.bytes, at + 4, pathLength, body.bytes, offset, length)) {
      writeInt32(out.bytes, at, pathLength);
      out.length = at + 4 + pathLength;
      count++;
    }
    ref = tree.nextEphemeral(ref);
  }
  writeInt32(out.bytes, countAt, count);
  return ErrorCode.Ok;
}

function meansAll(bytes: Uint8Array, offset: number, length: number): boolean {
  let from = offset;
  let to = offset + length;
  while (from < to && (bytes[from] as number) <= BLANK_MAX) from++;
  while (to > from && (bytes[to - 1] as number) <= BLANK_MAX) to--;
  return from === to || (to - from === 1 && bytes[from] === SLASH);
}

/** By characters: a prefix that ends within one begins nothing. */
function beginsWith(
  path: Uint8Array,
  pathOffset: number,
  pathLength: number,
  prefix: Uint8Array,
  prefixOffset: number,
  prefixLength: number,
): boolean {
  if (prefixLength > pathLength || !equalBytes(path, pathOffset, prefix, prefixOffset, prefixLength)) return false;
  return prefixLength === pathLength || ((path[pathOffset + prefixLength] as number) & 0xc0) !== 0x80;
}
