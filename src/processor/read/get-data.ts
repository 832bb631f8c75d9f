/**
 * getData (client-protocol 5.4): data and Stat; the watch only on success. Finisher: runs inside begin..valid on the thread of
 * a connection shard or of final. The hottest function of the server: copies from the slabs into the reply, allocates
 * nothing, and believes a long length only after a second look at the sequence.
 */
import { writeInt32 } from '../../base/bytes.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { STAT_BYTES } from '../../store/node-layout.js';
import { Permission } from '../acl.js';
import { type ReadContext, TORN, Watch } from './read-context.js';

export function finishGetData(read: ReadContext): number {
  const { body, tree, out } = read;
  const length = body.readSlice();
  const offset = body.sliceOffset;
  const watch = body.readBool();
  if (body.failed || length < 0) return ErrorCode.MarshallingError;
  read.pathOffset = offset;
  read.pathLength = length;
  const ref = tree.find(body.bytes, offset, length);
  if (ref === 0) return ErrorCode.NoNode;
  const auth = read.checkAcl(ref, Permission.read);
  if (auth !== ErrorCode.Ok) return auth;
  const dataLength = tree.dataLength(ref);
  const dataBytes = Math.max(dataLength, 0);
  if (!read.trust(dataBytes)) return TORN;
  const at = out.reserve(4 + dataBytes + STAT_BYTES);
  writeInt32(out.bytes, at, dataLength);
  if (dataBytes > 0) tree.copyData(ref, out.bytes, at + 4, dataBytes);
  tree.copyStat(ref, out.bytes, at + 4 + dataBytes);
  out.length = at + 4 + dataBytes + STAT_BYTES;
  if (watch) read.watch = Watch.data;
  return ErrorCode.Ok;
}
