// Puts what a snapshot holds, sessions and nodes, into a tree and a session list. Used by recovery (a file) and by a learner
// that is sent a SNAP (a stream), on the thread that owns the tree's writing half, inside a write section of the owner.
// As a sink of a decoder it makes a load record of each piece and takes it at once; records that another thread made are given
// to `load`. It proves nothing: until its owner knows the snapshot to be whole, all of it may have to be thrown away again.

import type { DataTree } from '../store/data-tree.js';
import {
  ACL_LIST,
  ACL_LIST_BYTES,
  LOAD_ACL,
  LOAD_DATA_LENGTH,
  LOAD_PATH_LENGTH,
  LOAD_SIZE,
  LOAD_TYPE,
  LoadedAcl,
  LoadRecord,
  SESSION_ID,
  SESSION_TIMEOUT,
} from '../store/load-record.js';
import type { LoadRecordReader } from '../store/load-record-reader.js';
import { STAT_PERSISTED_BYTES } from '../store/node-layout.js';
import { type LoadRecordOutput, LoadRecordWriter } from './load-record-writer.js';
import type { RecoveredSessions } from './recovered-sessions.js';
import { type SnapshotSink, UNRESOLVED_ACL } from './snapshot-content-decoder.js';
import { ACL_NUMBER_BYTES } from './snapshot-format.js';

const SCRATCH_WORDS = 1024;
/** Lengths of path and data, ACL number, stat. */
const NODE_BYTES_MIN = 4 + 4 + ACL_NUMBER_BYTES + STAT_PERSISTED_BYTES;
/** Less than an index has room for from the beginning. */
const RESERVE_FIRST = 4096;
const RESERVE_FACTOR = 16;

export class TreeLoader implements SnapshotSink, LoadRecordOutput {
  nodeCount = 0;
  /** Scratch of the records made here. */
  words = new Int32Array(SCRATCH_WORDS);
  private bytes = new Uint8Array(this.words.buffer);
  private claimed = 0;
  private readonly writer: LoadRecordWriter;
  private readonly loading: LoadRecordReader;
  private readonly sessions: RecoveredSessions;
  /** By number: the list as it came, and where the tree keeps it; 0 = to be looked up. */
  private readonly aclLists: Uint8Array[] = [];
  private readonly aclRefs: number[] = [];
  private aclsForgotten = 0; // the tree's count when aclRefs were last right
  private before = 0; // node of the last record
  private readonly contentBytes: number;
  private nodeBytes = 0; // of the nodes so far, in the file
  private reserveAt = RESERVE_FIRST;

  /** `contentBytes`: what the snapshot holds in all, as far as that is known. */
  constructor(tree: DataTree, sessions: RecoveredSessions, emulate353TtlNodes: boolean, contentBytes = 0) {
    this.contentBytes = contentBytes;
    this.loading = tree.loading;
    this.sessions = sessions;
    this.writer = new LoadRecordWriter(this, tree.loadTarget, emulate353TtlNodes);
  }

  onSession(idHi: number, idLo: number, timeoutMs: number): void {
    this.writer.onSession(idHi, idLo, timeoutMs);
  }

  onNode(
    bytes: Uint8Array,
    pathOffset: number,
    pathLength: number,
    dataOffset: number,
    dataLength: number,
    statOffset: number,
    acl: Uint8Array,
  ): boolean {
    return this.writer.onNode(bytes, pathOffset, pathLength, dataOffset, dataLength, statOffset, acl);
  }

  claim(wordCount: number): number {
    if (wordCount > this.words.length) {
      this.words = new Int32Array(wordCount * 2);
      this.bytes = new Uint8Array(this.words.buffer);
    }
    this.claimed = wordCount;
    return 0;
  }

  commit(): boolean {
    return this.load(this.words, this.bytes, this.claimed);
  }

  /** The records in words[0..wordCount); `bytes` is the same memory. False: a node has no parent, and loading must end. */
  load(words: Int32Array, bytes: Uint8Array, wordCount: number): boolean {
    const { loading } = this;
    for (let at = 0; at < wordCount; at += words[at + LOAD_SIZE]) {
      if (words[at + LOAD_TYPE] === LoadRecord.node) {
        const ref = loading.load(words, bytes, at, this.before, this.takeAcl(words[at + LOAD_ACL]));
        if (ref === 0) return false;
        this.before = ref;
        this.nodeBytes += words[at + LOAD_PATH_LENGTH] + Math.max(words[at + LOAD_DATA_LENGTH], 0) + NODE_BYTES_MIN;
        if (++this.nodeCount === this.reserveAt) this.reserve();
      } else if (words[at + LOAD_TYPE] === LoadRecord.aclList) {
        const list = (at + ACL_LIST) * 4;
        this.aclLists.push(bytes.slice(list, list + words[at + ACL_LIST_BYTES]));
        this.aclRefs.push(0);
      } else {
        this.sessions.add(words[at + SESSION_ID], words[at + SESSION_ID + 1], words[at + SESSION_TIMEOUT]);
      }
    }
    return true;
  }

  /**
   * Tells the tree how many nodes will come, should the rest be as what came so far; but never more than so many times what
   * is there, since the first nodes may be small ones and the rest of the file a few large ones.
   */
  private reserve(): void {
    const expected = Math.ceil((this.contentBytes / this.nodeBytes) * this.nodeCount);
    this.loading.reserve(Math.min(expected, this.nodeCount * RESERVE_FACTOR));
    this.reserveAt *= RESERVE_FACTOR;
  }

  /** Where the tree keeps the list of this number, counted once more for the node that gets it. */
  private takeAcl(number: number): number {
    const { loading, aclRefs } = this;
    if (number === LoadedAcl.open) return 0;
    if (number === LoadedAcl.unresolved) return loading.internAcl(UNRESOLVED_ACL);
    // A node that came twice may have been the only one that had a list: then it is gone, and its place another's.
    if (loading.aclListsForgotten !== this.aclsForgotten) {
      this.aclsForgotten = loading.aclListsForgotten;
      aclRefs.fill(0);
    }
    if (aclRefs[number] !== 0) loading.countAcl(aclRefs[number]);
    else aclRefs[number] = loading.internAcl(this.aclLists[number]);
    return aclRefs[number];
  }
}
