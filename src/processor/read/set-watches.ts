/**
 * setWatches and setWatches2 (client-protocol 7.6): what a client that reconnects still wants to hear of. Only the final
 * stage answers them, at their place in the pipeline, so that all paths are judged at one zxid. Finisher.
 *
 * For each path either an event for this connection alone (zxid -1) or a registration goes into `actions`. A null where the
 * reference stumbles over it ends the request with an error, but what stood before it has been done.
 */
import { compareSigned } from '../../base/int64.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { EventType } from '../../protocol/watch-event.js';
import { ChangeKind, writeAction } from '../change-list.js';
import type { RequestBody } from '../request-body.js';
import type { ScratchBytes } from '../scratch-bytes.js';
import type { ReadContext } from './read-context.js';

const List = { data: 0, exist: 1, child: 2, persistent: 3, recursive: 4 } as const;
type List = (typeof List)[keyof typeof List];

const ZXID_BYTES = 8;
const NULL = -1;

/** `listCount`: 3 of setWatches, 5 of setWatches2. */
export function finishSetWatches(read: ReadContext, listCount: 3 | 5, actions: ScratchBytes): number {
  const { body } = read;
  const begin = body.position;
  if (!decodes(body, listCount)) return ErrorCode.MarshallingError;
  body.position = begin;
  const zxidHi = body.readInt();
  const zxidLo = body.readInt();
  for (let list = 0; list < listCount; list++) {
    const count = body.readInt();
    if (count === NULL) return ErrorCode.MarshallingError;
    for (let i = 0; i < count; i++) {
      const length = body.readSlice();
      if (length === NULL && list < List.persistent) return ErrorCode.MarshallingError;
      const offset = body.sliceOffset;
      const kind = judge(read, list as List, offset, length, zxidHi, zxidLo);
      writeAction(actions, kind, body.bytes, offset, length);
    }
  }
  return ErrorCode.Ok;
}

/** Whether the whole record is there: otherwise nothing of it is done. */
function decodes(body: RequestBody, listCount: number): boolean {
  body.skip(ZXID_BYTES);
  for (let list = 0; list < listCount; list++) {
    const count = body.readInt();
    for (let i = 0; i < count && !body.failed; i++) body.readSlice();
  }
  return !body.failed;
}

/** What to do for one path: the kind of the action. */
function judge(read: ReadContext, list: List, offset: number, length: number, zxidHi: number, zxidLo: number): number {
  const { tree, body } = read;
  if (list === List.persistent) return ChangeKind.addPersistent;
  if (list === List.recursive) return ChangeKind.addRecursive;
  const ref = tree.find(body.bytes, offset, length);
  if (list === List.exist) {
    return ref !== 0 ? ChangeKind.eventBase + EventType.NodeCreated : ChangeKind.addData;
  }
  if (ref === 0) return ChangeKind.eventBase + EventType.NodeDeleted;
  if (list === List.data) {
    const isNewer = compareSigned(tree.mzxidHi(ref), tree.mzxidLo(ref), zxidHi, zxidLo) > 0;
    return isNewer ? ChangeKind.eventBase + EventType.NodeDataChanged : ChangeKind.addData;
  }
  const isNewer = compareSigned(tree.pzxidHi(ref), tree.pzxidLo(ref), zxidHi, zxidLo) > 0;
  return isNewer ? ChangeKind.eventBase + EventType.NodeChildrenChanged : ChangeKind.addChild;
}
