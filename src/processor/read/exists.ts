/**
 * exists (client-protocol 5.4): the Stat of a node, and a data watch whether or not the node is there. Finisher: runs inside
 * begin..valid on the thread of a connection shard or of final; what it appends counts only if the section was valid.
 * READ on the node is needed even for this.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { STAT_BYTES } from '../../store/node-layout.js';
import { Permission } from '../acl.js';
import { type ReadContext, Watch } from './read-context.js';

export function finishExists(read: ReadContext): number {
  const { body, tree, out } = read;
  const length = body.readSlice();
  const offset = body.sliceOffset;
  const watch = body.readBool();
  if (body.failed || length < 0) return ErrorCode.MarshallingError;
  read.pathOffset = offset;
  read.pathLength = length;
  read.valueBytes = 0;
  for (let i = 0; i < length; i++) if (body.bytes[offset + i] === 0) return ErrorCode.BadArguments;
  const ref = tree.find(body.bytes, offset, length);
  if (ref !== 0) {
    const auth = read.checkAcl(ref, Permission.read);
    if (auth !== ErrorCode.Ok) return auth;
  }
  if (watch) read.watch = Watch.data;
  if (ref === 0) return ErrorCode.NoNode;
  const at = out.reserve(STAT_BYTES);
  tree.copyStat(ref, out.bytes, at);
  out.length = at + STAT_BYTES;
  return ErrorCode.Ok;
}
