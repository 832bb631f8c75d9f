/**
 * reconfig: what the prep stage can see of a request, in the order of client-protocol 5.4, and the transaction of one that the leader
 * has approved (ensemble-protocol 9.3). Planner of the prep stage, on its thread. A standalone server has no membership to change,
 * so there every well-formed request fails; in an ensemble the quorum peer judges between the two steps.
 */
import { hex64 } from '../../base/int64.js';
import { encodeUtf8 } from '../../base/utf8.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { OpCode } from '../../protocol/op-code.js';
import { Permission } from '../acl.js';
import { DECODE_FAILED, type PrepRequest } from './prep-request.js';

const CONFIG_ID_BYTES = 8;
const CONFIG_PATH = encodeUtf8('/zookeeper/config');
/** That of the node never counts: the configuration has one of its own. */
const NODE_VERSION = -1;

/** Unimplemented when nothing is wrong with it, and nobody is there to change the members. */
export function planReconfig(request: PrepRequest): number {
  const body = request.body;
  // joiningServers, leavingServers, newMembers.
  for (let list = 0; list < 3; list++) body.readSlice();
  body.skip(CONFIG_ID_BYTES);
  if (body.failed) return DECODE_FAILED;
  if (!request.reconfigEnabled) return ErrorCode.ReconfigDisabled;
  const session = request.checkSession();
  return session !== ErrorCode.Ok ? session : ErrorCode.Unimplemented;
}

/** `text`: the new members, without a version, which is the zxid of this transaction. */
export function planMembers(request: PrepRequest, bytes: Uint8Array, text: number, textLength: number): number {
  const { changes, txn } = request;
  const node = changes.get(CONFIG_PATH, 0, CONFIG_PATH.length);
  const error = node.exists ? request.checkAcl(node, Permission.write) : ErrorCode.NoNode;
  if (error !== ErrorCode.Ok) {
    changes.done(node);
    return error;
  }
  const version = encodeUtf8(`version=${hex64(request.zxidHi, request.zxidLo)}`);
  const dataLength = textLength + version.length;
  changes.touch(node, request.zxidHi, request.zxidLo);
  node.version = NODE_VERSION;
  node.dataLength = dataLength;
  request.txnType = OpCode.reconfig;
  const pathAt = txn.length + 4;
  txn.writeInt(CONFIG_PATH.length);
  txn.writeBytes(CONFIG_PATH, 0, CONFIG_PATH.length);
  txn.writeInt(dataLength);
  txn.writeBytes(bytes, text, textLength);
  txn.writeBytes(version, 0, version.length);
  txn.writeInt(NODE_VERSION);
  request.prediction?.onSetData(node, txn.bytes, pathAt, dataLength);
  return ErrorCode.Ok;
}
