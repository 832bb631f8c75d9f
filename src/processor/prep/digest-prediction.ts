/**
 * Predicts the tree digest (persistence section 5): what it will be once the transaction being planned has been applied.
 * Every transaction carries that number, and every server that applies it compares its own tree.
 *
 *   sum after all outstanding changes  -  values of the nodes as they were  +  values as they will be
 *
 * The sum begins with the tree's when recovery is done and is carried on from there, never read from the tree again: only
 * prep decides what happens to the tree, so it knows, however far behind final is. The values and stats of nodes come from
 * the outstanding changes, and for nodes that have none from the tree, where each stands in its record.
 *
 * Owned by prep, on its thread; the planners call it last, when nothing can be refused any more, and it allocates nothing.
 * It says what the tree will do, not what ought to be: where final leaves a parent's cversion as it is (a counter that went
 * through its end), so does this.
 */
import { CRC_START, crcOfView } from '../../base/crc32.js';
import {
  bytesCount,
  DIGEST_AVERSION,
  DIGEST_CTIME,
  DIGEST_CVERSION,
  DIGEST_CZXID,
  DIGEST_MTIME,
  DIGEST_MZXID,
  DIGEST_OWNER,
  DIGEST_PZXID,
  DIGEST_VERSION,
  nodeDigest,
  statDifference,
} from '../../store/node-digest.js';
import { swapWord } from '../../store/node-layout.js';
import type { ChangeRecord, OutstandingChanges } from '../change-record.js';

export class DigestPrediction {
  private readonly changes: OutstandingChanges;
  // Of the transaction being planned, as words of a stat.
  private zxidHi = 0;
  private zxidLo = 0;
  private timeHi = 0;
  private timeLo = 0;
  /** Over the array seen last: transactions are written into the same one again and again. */
  private viewed: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.viewed.buffer);

  constructor(changes: OutstandingChanges) {
    this.changes = changes;
  }

  begin(zxidHi: number, zxidLo: number, timeHi: number, timeLo: number): void {
    this.zxidHi = swapWord(zxidHi);
    this.zxidLo = swapWord(zxidLo);
    this.timeHi = swapWord(timeHi);
    this.timeLo = swapWord(timeLo);
  }

  /**
   * `path` is where the transaction's body has the node's path, behind which the data stands as a buffer. The owner as
   * stored: session, container mark, or that of a TTL node.
   */
  onCreate(
    parent: ChangeRecord,
    node: ChangeRecord,
    bytes: Uint8Array,
    path: number,
    dataLength: number,
    ownerHi: number,
    ownerLo: number,
  ): void {
    if (parent.cversion > swapWord(parent.stat[DIGEST_CVERSION])) this.changeParent(parent, swapWord(parent.cversion));
    const { stat } = node;
    stat[DIGEST_CZXID] = this.zxidHi;
    stat[DIGEST_CZXID + 1] = this.zxidLo;
    stat[DIGEST_PZXID] = this.zxidHi;
    stat[DIGEST_PZXID + 1] = this.zxidLo;
    stat[DIGEST_CTIME] = this.timeHi;
    stat[DIGEST_CTIME + 1] = this.timeLo;
    stat[DIGEST_CVERSION] = 0;
    stat[DIGEST_AVERSION] = 0;
    stat[DIGEST_OWNER] = swapWord(ownerHi);
    stat[DIGEST_OWNER + 1] = swapWord(ownerLo);
    this.setData(node, 0, bytes, path, dataLength);
  }

  onDelete(parent: ChangeRecord, node: ChangeRecord): void {
    this.changeParent(parent, parent.stat[DIGEST_CVERSION]);
    this.changes.digest.subtract(node.digest);
    node.digest = 0;
  }

  onSetData(node: ChangeRecord, bytes: Uint8Array, path: number, dataLength: number): void {
    this.setData(node, swapWord(node.version), bytes, path, dataLength);
  }

  onSetAcl(node: ChangeRecord): void {
    const aversion = swapWord(node.aversion);
    this.change(node, statDifference(DIGEST_AVERSION, aversion ^ node.stat[DIGEST_AVERSION]));
    node.stat[DIGEST_AVERSION] = aversion;
  }

  private setData(node: ChangeRecord, version: number, bytes: Uint8Array, path: number, dataLength: number): void {
    const { stat } = node;
    stat[DIGEST_MZXID] = this.zxidHi;
    stat[DIGEST_MZXID + 1] = this.zxidLo;
    stat[DIGEST_MTIME] = this.timeHi;
    stat[DIGEST_MTIME + 1] = this.timeLo;
    stat[DIGEST_VERSION] = version;
    const sum = this.changes.digest;
    sum.subtract(node.digest);
    node.digest = this.valueOfNode(node, bytes, path, dataLength);
    sum.add(node.digest);
  }

  private valueOfNode(node: ChangeRecord, bytes: Uint8Array, path: number, dataLength: number): number {
    const { pathLength } = node;
    if (!bytesCount(bytes, path, pathLength)) return 0;
    if (bytes !== this.viewed) {
      this.viewed = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    // The root's path counts as empty.
    let register = pathLength === 1 ? CRC_START : crcOfView(this.view, path, pathLength, CRC_START);
    if (dataLength > 0) register = crcOfView(this.view, path + pathLength + 4, dataLength, register);
    return nodeDigest(register, node.stat);
  }

  /** pzxid is this transaction's from now on, and the stored cversion is this. */
  private changeParent(parent: ChangeRecord, cversion: number): void {
    const { stat } = parent;
    const difference =
      statDifference(DIGEST_CVERSION, cversion ^ stat[DIGEST_CVERSION]) ^
      statDifference(DIGEST_PZXID, this.zxidHi ^ stat[DIGEST_PZXID]) ^
      statDifference(DIGEST_PZXID + 1, this.zxidLo ^ stat[DIGEST_PZXID + 1]);
    stat[DIGEST_CVERSION] = cversion;
    stat[DIGEST_PZXID] = this.zxidHi;
    stat[DIGEST_PZXID + 1] = this.zxidLo;
    this.change(parent, difference);
  }

  private change(node: ChangeRecord, difference: number): void {
    if (!bytesCount(node.path, 0, node.pathLength)) return;
    const sum = this.changes.digest;
    sum.subtract(node.digest);
    node.digest ^= difference;
    sum.add(node.digest);
  }
}
