/**
 * getData (client-protocol 5.4): data and Stat; the watch only on success. Finisher: runs inside begin..valid on the thread of
 * a connection shard or of final. The hottest function of the server: copies from the slabs into the reply, allocates
 * nothing, and believes a long length only after a second look at the sequence.
 */
import { writeInt32 } from '../../base/bytes.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { STAT_BYTES } from '../../store/node-layout.js';
import { openNode } from './open-node.js';
import { type ReadContext, TORN, Watch } from './read-context.js';

export function finishGetData(read: ReadContext): number {
  const error = openNode(read);
  if (error !== ErrorCode.Ok) return error;
  const { tree, out, ref } = read;
  const dataLength = tree.dataLength(ref);
  const dataBytes = Math.max(dataLength, 0);
  if (!read.trust(dataBytes)) return TORN;
  const at = out.reserve(4 + dataBytes + STAT_BYTES);
  writeInt32(out.bytes, at, dataLength);
  if (dataBytes > 0) tree.copyData(ref, out.bytes, at + 4, dataBytes);
  tree.copyStat(ref, out.bytes, at + 4 + dataBytes);
  out.length = at + 4 + dataBytes + STAT_BYTES;
  read.valueBytes = dataBytes;
  if (read.wantsWatch) read.watch = Watch.data;
  return ErrorCode.Ok;
}
