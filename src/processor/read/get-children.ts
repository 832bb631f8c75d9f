/**
 * getChildren and getChildren2 (client-protocol 5.4): names in no order, with or without Stat. Finisher: runs inside
 * begin..valid on the thread of a connection shard or of final. Leaves very long lists to final, which no write can disturb,
 * and reserves memory for a list only after a second look at its length.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { STAT_BYTES } from '../../store/node-layout.js';
import { openNode } from './open-node.js';
import { NOT_HERE, type ReadContext, TORN, Watch } from './read-context.js';

export function finishGetChildren(read: ReadContext, withStat: boolean): number {
  const error = openNode(read);
  if (error !== ErrorCode.Ok) return error;
  const { tree, out, ref } = read;
  const count = tree.childCount(ref);
  if (count > read.childrenMax) return NOT_HERE;
  const namesLength = tree.childNamesLength(ref);
  if (!read.trust(namesLength)) return TORN;
  out.writeInt(count);
  const at = out.reserve(namesLength + STAT_BYTES);
  out.length = at + tree.copyChildNames(ref, out.bytes, at);
  if (withStat) {
    tree.copyStat(ref, out.bytes, out.length);
    out.length += STAT_BYTES;
  }
  // Each name stands behind its length.
  read.valueBytes = namesLength - 4 * count;
  if (read.wantsWatch) read.watch = Watch.child;
  return ErrorCode.Ok;
}
