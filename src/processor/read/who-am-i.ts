/**
 * whoAmI (client-protocol 3.6): one ClientInfo for each identity that the connection had when the request came; a body is
 * ignored. Finisher, on the thread of a connection shard or of final: it asks nothing of the tree, but takes the road of the
 * reads, so that its reply keeps its place and carries the zxid of the others.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import type { ReadContext } from './read-context.js';

export function finishWhoAmI(read: ReadContext): number {
  const { out } = read;
  const identities = read.identities();
  out.writeInt(identities.length);
  for (const identity of identities) {
    out.writeUstring(identity.scheme);
    out.writeUstring(read.aclPolicy.userOf(identity));
  }
  return ErrorCode.Ok;
}
