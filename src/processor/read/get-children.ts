/**
 * getChildren and getChildren2 (client-protocol 5.4): names in no order, with or without Stat. Finisher: runs inside
 * begin..valid on the thread of a connection shard or of final. Leaves very long lists to final, which no write can disturb,
 * and reserves memory for a list only after a second look at its length.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { STAT_BYTES } from '../../store/node-layout.js';
import { Permission } from '../acl.js';
import { NOT_HERE, type ReadContext, TORN, Watch } from './read-context.js';

export function finishGetChildren(read: ReadContext, withStat: boolean): number {
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
  if (watch) read.watch = Watch.child;
  return ErrorCode.Ok;
}
