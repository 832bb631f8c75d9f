/**
 * closeSession: the list of the session's ephemerals, from the tree and from the outstanding changes; all of them count as deleted
 * from here on. Planner of the prep stage, on its thread; it reads the tree, which another thread may be writing.
 */
import { assert } from '../../base/assert.js';
import { readInt32, writeInt32 } from '../../base/bytes.js';
import { OpCode } from '../../protocol/op-code.js';
import { NodeKind } from '../../store/node-layout.js';
import type { TreeReader } from '../../store/tree-reader.js';
import type { PrepRequest } from './prep-request.js';

/** About three microseconds of reading, so that it fits between two write sections. */
const EPHEMERALS_PER_SLICE = 64;

export class CloseSessionPlanner {
  private readonly tree: TreeReader;
  private readonly request: PrepRequest;
  private readonly listsPaths: boolean;
  /** Where the entry that `copyEphemerals` appended last begins; counts only if the slice was valid. */
  private lastCopied = 0;

  constructor(tree: TreeReader, request: PrepRequest, listsPaths: boolean) {
    this.tree = tree;
    this.request = request;
    this.listsPaths = listsPaths;
  }

  /** Of the request's session, whether or not it is known. */
  plan(): void {
    const { txn } = this.request;
    this.request.txnType = OpCode.closeSession;
    const count = this.planEphemeralDeletes();
    if (!this.listsPaths) txn.reset();
    else writeInt32(txn.bytes, 0, count);
  }

  /**
   * Lists the session's ephemerals behind a place for their count: those of the tree that no outstanding change has
   * touched, then those of the outstanding changes; each counts as deleted from here on.
   *
   * The tree's list is read in slices, each valid in itself, so that a long one gets done between the sections of a busy
   * writer. What no outstanding change has touched cannot go meanwhile, since only this stage decides: the last such node
   * of a slice is the place to go on from, and new nodes come at the head of the list.
   */
  private planEphemeralDeletes(): number {
    const request = this.request;
    const { sessionHi, sessionLo } = request;
    const txn = request.txn;
    txn.writeInt(0);
    let count = 0;
    /** Where the entry of the node to go on from begins in `txn`; 0 for the head of the list. */
    let last = 0;
    for (let more = true; more; ) {
      const begin = txn.length;
      const found = this.copyEphemerals(sessionHi, sessionLo, last);
      if (found < 0) {
        txn.length = begin;
        continue;
      }
      count += found;
      more = found === EPHEMERALS_PER_SLICE;
      last = this.lastCopied;
    }
    this.request.changes.visitEphemeralsOf(sessionHi, sessionLo, (record) => {
      txn.writeInt(record.pathLength);
      txn.writeBytes(record.path, 0, record.pathLength);
      count++;
    });
    let position = 4;
    for (let i = 0; i < count; i++) {
      const length = readInt32(txn.bytes, position);
      this.planEphemeralDelete(txn.bytes, position + 4, length);
      position += 4 + length;
    }
    return count;
  }

  /**
   * Appends up to a slice of the session's untouched ephemerals, each as a ustring, from behind the one whose entry begins
   * at `last`. Returns how many, or -1 when the tree was written meanwhile.
   */
  private copyEphemerals(sessionHi: number, sessionLo: number, last: number): number {
    const { tree } = this;
    const { txn } = this.request;
    const sequence = tree.begin();
    if (sequence < 0) return -1;
    const limit = tree.ephemeralCountOf(sessionHi, sessionLo);
    let ref =
      last === 0
        ? tree.firstEphemeralOf(sessionHi, sessionLo)
        : tree.nextEphemeral(tree.find(txn.bytes, last + 4, readInt32(txn.bytes, last)));
    let count = 0;
    for (let i = 0; i < limit && ref !== 0 && count < EPHEMERALS_PER_SLICE; i++) {
      const length = tree.pathLength(ref);
      const at = txn.reserve(4 + length);
      tree.copyPath(ref, txn.bytes, at + 4, length);
      if (!this.request.changes.has(txn.bytes, at + 4, length)) {
        writeInt32(txn.bytes, at, length);
        txn.length = at + 4 + length;
        this.lastCopied = at;
        count++;
      }
      ref = tree.nextEphemeral(ref);
    }
    return tree.valid(sequence) ? count : -1;
  }

  private planEphemeralDelete(bytes: Uint8Array, offset: number, length: number): void {
    let slash = length - 1;
    while (slash > 0 && bytes[offset + slash] !== 0x2f) slash--;
    const { changes, zxidHi, zxidLo } = this.request;
    const parent = changes.get(bytes, offset, slash === 0 ? 1 : slash);
    changes.touch(parent, zxidHi, zxidLo);
    parent.childCount -= 1;
    const node = changes.get(bytes, offset, length);
    assert(node.exists && node.kind === NodeKind.ephemeral, 'a session owns a node that is not an ephemeral');
    changes.touch(node, zxidHi, zxidLo);
    node.exists = false;
    this.request.prediction?.onDelete(parent, node);
  }
}
