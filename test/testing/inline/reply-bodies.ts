/**
 * What stands in the body of a reply that a WireClient has taken, decoded with the protocol's records. Each checks that
 * the record ends where the frame does: a server that appends anything is found out.
 */
import { assert } from '../../../src/base/assert.js';
import { decodeUtf8 } from '../../../src/base/utf8.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import type { ACL } from '../../../src/protocol/acl.js';
import { decodeMultiResponse, type MultiResult } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import {
  decodeCreate2Response,
  decodeCreateResponse,
  decodeGetACLResponse,
  decodeGetChildren2Response,
  decodeGetChildrenResponse,
  decodeGetDataResponse,
  decodeStatResponse,
  decodeSyncResponse,
} from '../../../src/protocol/replies.js';
import type { Stat } from '../../../src/protocol/stat.js';
import type { Frame, Reply } from './wire-client.js';

function decoded<T>(reply: Reply, decode: (r: JuteReader) => T): T {
  assert(reply.err === 0, `a body is expected behind error ${reply.err}`);
  const r = new JuteReader(reply.body);
  const record = decode(r);
  assert(r.remaining === 0, `${r.remaining} bytes behind the body of a reply to operation ${reply.op}`);
  return record;
}

/** The Stat of a reply to any operation that has one. */
export function statOf(reply: Reply): Stat {
  switch (reply.op) {
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return decoded(reply, decodeCreate2Response).stat;
    case OpCode.getData:
      return decoded(reply, decodeGetDataResponse).stat;
    case OpCode.getChildren2:
      return decoded(reply, decodeGetChildren2Response).stat;
    case OpCode.getACL:
      return decoded(reply, decodeGetACLResponse).stat;
    default:
      return decoded(reply, decodeStatResponse).stat;
  }
}

/** The path of a reply to any create, or to sync. */
export function pathOf(reply: Reply): string | null {
  switch (reply.op) {
    case OpCode.sync:
      return decoded(reply, decodeSyncResponse).path;
    case OpCode.create:
      return decoded(reply, decodeCreateResponse).path;
    default:
      return decoded(reply, decodeCreate2Response).path;
  }
}

/** Data as text; null stays null. */
export function dataTextOf(reply: Reply): string | null {
  const { data } = decoded(reply, decodeGetDataResponse);
  return data === null ? null : decodeUtf8(data, 0, data.length);
}

/** Sorted: their order means nothing. */
export function childrenOf(reply: Reply): string[] {
  const decode = reply.op === OpCode.getChildren2 ? decodeGetChildren2Response : decodeGetChildrenResponse;
  return [...decoded<{ children: readonly string[] }>(reply, decode).children].sort();
}

/** `31 world:anyone`, one per entry. */
export function aclTextOf(reply: Reply): string[] {
  return decoded(reply, decodeGetACLResponse).acl.map(aclText);
}

export function multiResultsOf(reply: Reply): MultiResult[] {
  return decoded(reply, decodeMultiResponse);
}

export function aclText(entry: ACL): string {
  return `${entry.perms} ${entry.id.scheme}:${entry.id.id}`;
}

/** Only the replies among the frames. */
export function repliesIn(frames: readonly Frame[]): Reply[] {
  return frames.filter((frame): frame is Reply => frame.kind === 'reply');
}
