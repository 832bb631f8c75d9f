/**
 * setWatches (client-protocol 7.6): what a client that reconnects still wants to hear of. Only the final stage answers it,
 * at its place in the pipeline, so that all its paths are judged at one zxid. Finisher.
 *
 * For each path either an event for this connection alone (zxid -1) or a registration goes into `actions`.
 */
import { compareSigned } from '../../base/int64.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { EventType } from '../../protocol/watch-event.js';
import { ChangeKind } from '../change-list.js';
import type { ScratchBytes } from '../scratch-bytes.js';
import type { ReadContext } from './read-context.js';

export function finishSetWatches(read: ReadContext, actions: ScratchBytes): number {
  const { body, tree } = read;
  const zxidHi = body.readInt();
  const zxidLo = body.readInt();
  const actionsBegin = actions.length;
  for (let list = 0; list < 3; list++) {
    const count = body.readInt();
    if (body.failed || count === -1) {
      actions.length = actionsBegin;
      return ErrorCode.MarshallingError;
    }
    for (let i = 0; i < count; i++) {
      const length = body.readSlice();
      const offset = body.sliceOffset;
      if (body.failed || length < 0) {
        actions.length = actionsBegin;
        return ErrorCode.MarshallingError;
      }
      const ref = tree.find(body.bytes, offset, length);
      let kind: number;
      if (list === 1) {
        kind = ref !== 0 ? ChangeKind.eventBase + EventType.NodeCreated : ChangeKind.registerData;
      } else if (ref === 0) {
        kind = ChangeKind.eventBase + EventType.NodeDeleted;
      } else if (list === 0) {
        const newer = compareSigned(tree.mzxidHi(ref), tree.mzxidLo(ref), zxidHi, zxidLo) > 0;
        kind = newer ? ChangeKind.eventBase + EventType.NodeDataChanged : ChangeKind.registerData;
      } else {
        const newer = compareSigned(tree.pzxidHi(ref), tree.pzxidLo(ref), zxidHi, zxidLo) > 0;
        kind = newer ? ChangeKind.eventBase + EventType.NodeChildrenChanged : ChangeKind.registerChild;
      }
      actions.writeInt(kind);
      actions.writeInt(length);
      actions.writeBytes(body.bytes, offset, length);
      actions.writeInt(0);
      actions.writeInt(0);
    }
  }
  return ErrorCode.Ok;
}
