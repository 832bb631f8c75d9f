import type { TreeReader } from './tree-reader.js';

/** Walks the tree from another thread, parents before children, while writes go on (persistence 4.9). */
export declare class SnapshotCursor {
  /** backOff: called after a run of failed tries; may block a little, then the cursor tries again. */
  constructor(reader: TreeReader, backOff: () => void);
  /** lastProcessedZxid when the walk began: the snapshot's name. */
  readonly startZxidHi: number;
  readonly startZxidLo: number;
  /** Moves to the next node; false at the end. The fields below then describe that node. */
  next(): boolean;
  /** True when the tree was cleared under the walk: what was written is worthless. */
  readonly cleared: boolean;
  /** bytes[0..pathLength) etc. are scratch of the cursor, valid until the next call. */
  readonly path: Uint8Array;
  readonly pathLength: number;
  readonly data: Uint8Array;
  readonly dataLength: number;
  /** StatPersisted, 60 bytes. */
  readonly stat: Uint8Array;
  /** aclSerial 0 = open (number -1 in the file); the same serial always means the same list. aclLength 0 with a serial: unresolved. */
  readonly aclSerial: number;
  readonly acl: Uint8Array;
  readonly aclLength: number;
}
