/**
 * getACL (client-protocol 5.4): list and Stat for whoever has READ or ADMIN; without ADMIN the digests are masked. Finisher:
 * runs inside begin..valid on the thread of a connection shard or of final; what it appends counts only if the section was
 * valid.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { STAT_BYTES } from '../../store/node-layout.js';
import { OPEN_ACL_BYTES, Permission, writeAcl, writeMaskedAcl } from '../acl.js';
import { type ReadContext, TORN } from './read-context.js';

export function finishGetAcl(read: ReadContext): number {
  const { body, tree, out } = read;
  const length = body.readSlice();
  const offset = body.sliceOffset;
  if (body.failed || length < 0) return ErrorCode.MarshallingError;
  read.pathOffset = offset;
  read.pathLength = length;
  const ref = tree.find(body.bytes, offset, length);
  if (ref === 0) return ErrorCode.NoNode;
  const acl = read.aclOf(ref);
  if (acl === undefined) return TORN;
  if (acl === null) {
    out.writeBytes(OPEN_ACL_BYTES, 0, OPEN_ACL_BYTES.length);
  } else {
    const auth = read.checkAcl(ref, Permission.read | Permission.admin);
    if (auth !== ErrorCode.Ok) return auth;
    if (read.checkAcl(ref, Permission.admin) === ErrorCode.Ok) writeAcl(acl, out);
    else writeMaskedAcl(acl, out);
  }
  const at = out.reserve(STAT_BYTES);
  tree.copyStat(ref, out.bytes, at);
  out.length = at + STAT_BYTES;
  return ErrorCode.Ok;
}
