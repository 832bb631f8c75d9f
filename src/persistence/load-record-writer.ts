// Turns what a snapshot holds into load records (store/load-record.ts). Owned by whoever decodes the snapshot: the thread that
// loads the tree, or one that reads ahead for it. It does all that can be done without the tree: byte order, hashing of
// paths, the nodes' values in the tree digest, and seeing that a node's parent is the one before it. It never looks at a
// tree, and proves nothing.

import { readInt32 } from '../base/bytes.js';
import { CRC_START, crcOfWords } from '../base/crc32.js';
import {
  ACL_LIST,
  ACL_LIST_BYTES,
  LOAD_ACL,
  LOAD_DATA_LENGTH,
  LOAD_DIGEST,
  LOAD_HASH,
  LOAD_KIND,
  LOAD_NAME_OFFSET,
  LOAD_OWNER,
  LOAD_PARENT,
  LOAD_PARENT_HASH,
  LOAD_PATH,
  LOAD_PATH_LENGTH,
  LOAD_SIZE,
  LOAD_STAT,
  LOAD_STAT_WORDS,
  LOAD_TYPE,
  LoadedAcl,
  LoadRecord,
  loadAclListWords,
  loadDataWord,
  loadNodeWords,
  ParentIs,
  SESSION_ID,
  SESSION_RECORD_WORDS,
  SESSION_TIMEOUT,
} from '../store/load-record.js';
import { DIGEST_PZXID, DIGEST_STAT_WORDS, nodeDigest, wordsCount } from '../store/node-digest.js';
import { nodeKindOfOwner } from '../store/node-layout.js';
import { PathHash } from '../store/path-hash.js';
import { NO_ACL, type SnapshotSink, UNRESOLVED_ACL } from './snapshot-content-decoder.js';
import { STAT_OWNER_OFFSET } from './snapshot-format.js';

const SLASH = 0x2f;

/** What the maker of records must know of the tree. */
export interface LoadTarget {
  readonly hashKeyLo: number;
  readonly hashKeyHi: number;
  readonly keepsDigest: boolean;
}

/** Where records go. */
export interface LoadRecordOutput {
  /** Room for so many words, at the returned place of `words` (taken anew after the call). */
  claim(wordCount: number): number;
  readonly words: Int32Array;
  /** The record claimed last is written. False: it was tried at once, and its parent is unknown. */
  commit(): boolean;
}

export class LoadRecordWriter implements SnapshotSink {
  private readonly out: LoadRecordOutput;
  private readonly hash: PathHash;
  private readonly emulate353TtlNodes: boolean;
  private readonly keepsDigest: boolean;
  private readonly aclNumbers = new Map<Uint8Array, number>([
    [NO_ACL, LoadedAcl.open],
    [UNRESOLVED_ACL, LoadedAcl.unresolved],
  ]);
  private aclCount = 0;
  private lastAcl = NO_ACL;
  private lastAclNumber: number = LoadedAcl.open;
  /** A view of the array given last, which is the same for thousands of nodes. */
  private viewed: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(this.viewed.buffer);
  private readonly $digestStat = new Int32Array(DIGEST_STAT_WORDS);
  /** The path of the node before, as words. */
  private $before = new Int32Array(256);
  private beforeLength = -1;
  private beforeNameOffset = -1;

  /** `made`: what the tree is like that gets the records. */
  constructor(out: LoadRecordOutput, made: LoadTarget, emulate353TtlNodes: boolean) {
    this.out = out;
    this.hash = new PathHash(made.hashKeyLo, made.hashKeyHi);
    this.keepsDigest = made.keepsDigest;
    this.emulate353TtlNodes = emulate353TtlNodes;
  }

  onSession(idHi: number, idLo: number, timeoutMs: number): void {
    const { out } = this;
    const at = out.claim(SESSION_RECORD_WORDS);
    const { words } = out;
    words[at + LOAD_SIZE] = SESSION_RECORD_WORDS;
    words[at + LOAD_TYPE] = LoadRecord.session;
    words[at + SESSION_ID] = idHi;
    words[at + SESSION_ID + 1] = idLo;
    words[at + SESSION_TIMEOUT] = timeoutMs;
    out.commit();
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
    if (bytes !== this.viewed) {
      this.viewed = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const { out, view } = this;
    const aclNumber = acl === this.lastAcl ? this.lastAclNumber : this.aclNumberOf(acl);
    const at = out.claim(loadNodeWords(pathLength, dataLength));
    const { words } = out;
    const ownerHi = readInt32(bytes, statOffset + STAT_OWNER_OFFSET);
    const ownerLo = readInt32(bytes, statOffset + STAT_OWNER_OFFSET + 4);
    words[at + LOAD_SIZE] = loadNodeWords(pathLength, dataLength);
    words[at + LOAD_TYPE] = LoadRecord.node;
    words[at + LOAD_PATH_LENGTH] = pathLength;
    words[at + LOAD_DATA_LENGTH] = dataLength;
    words[at + LOAD_ACL] = aclNumber;
    words[at + LOAD_KIND] = nodeKindOfOwner(ownerHi, ownerLo, this.emulate353TtlNodes);
    words[at + LOAD_OWNER] = ownerHi;
    words[at + LOAD_OWNER + 1] = ownerLo;
    for (let i = 0; i < LOAD_STAT_WORDS; i++) words[at + LOAD_STAT + i] = view.getInt32(statOffset + 4 * i, true);
    this.writePath(words, at, bytes, pathOffset, pathLength);
    this.copyWords(words, at + loadDataWord(pathLength), bytes, dataOffset, dataLength);
    words[at + LOAD_DIGEST] = this.keepsDigest ? this.digestOf(words, at, pathLength, dataLength) : 0;
    return out.commit();
  }

  private writePath(words: Int32Array, at: number, bytes: Uint8Array, offset: number, length: number): void {
    let nameOffset = length;
    while (nameOffset > 0 && bytes[offset + nameOffset - 1] !== SLASH) nameOffset--;
    words[at + LOAD_NAME_OFFSET] = nameOffset;
    let parent: number = ParentIs.elsewhere;
    if (nameOffset > 0) {
      words[at + LOAD_HASH] = this.hash.hash(bytes, offset, length);
      const path = this.hash.$words;
      if (nameOffset === this.beforeNameOffset && this.beginsAsBefore(path, nameOffset)) {
        parent = ParentIs.parentOfBefore;
      } else if (nameOffset === this.beforeLength + 1 && this.beginsAsBefore(path, this.beforeLength)) {
        parent = ParentIs.nodeBefore;
      }
      this.keepPath(words, at + LOAD_PATH, length, nameOffset);
      if (parent === ParentIs.elsewhere) words[at + LOAD_PARENT_HASH] = this.hash.hash(bytes, offset, nameOffset - 1);
    } else {
      this.copyWords(words, at + LOAD_PATH, bytes, offset, length);
      this.beforeLength = length;
      this.beforeNameOffset = -1;
    }
    words[at + LOAD_PARENT] = parent;
  }

  private digestOf(words: Int32Array, at: number, pathLength: number, dataLength: number): number {
    if (!wordsCount(words, at + LOAD_PATH, pathLength)) return 0;
    let register = crcOfWords(words, at + LOAD_PATH, pathLength, CRC_START);
    if (dataLength > 0) register = crcOfWords(words, at + loadDataWord(pathLength), dataLength, register);
    const stat = this.$digestStat;
    // In the file as in the digest, but for pzxid: last there, third here.
    for (let i = 0; i < DIGEST_PZXID; i++) stat[i] = words[at + LOAD_STAT + i];
    for (let i = DIGEST_PZXID + 2; i < LOAD_STAT_WORDS; i++) stat[i] = words[at + LOAD_STAT + i - 2];
    stat[DIGEST_PZXID] = words[at + LOAD_STAT + LOAD_STAT_WORDS - 2];
    stat[DIGEST_PZXID + 1] = words[at + LOAD_STAT + LOAD_STAT_WORDS - 1];
    return nodeDigest(register, stat);
  }

  private beginsAsBefore(path: Int32Array, byteCount: number): boolean {
    const before = this.$before;
    const whole = byteCount >> 2;
    for (let i = 0; i < whole; i++) if (path[i] !== before[i]) return false;
    const rest = byteCount & 3;
    return rest === 0 || (path[whole] ^ before[whole]) << (32 - 8 * rest) === 0;
  }

  /** The path hashed last goes into the record and is remembered. */
  private keepPath(words: Int32Array, to: number, length: number, nameOffset: number): void {
    const path = this.hash.$words;
    const count = (length + 3) >> 2;
    if (count > this.$before.length) this.$before = new Int32Array(count * 2);
    const before = this.$before;
    for (let i = 0; i < count; i++) {
      words[to + i] = path[i];
      before[i] = path[i];
    }
    this.beforeLength = length;
    this.beforeNameOffset = nameOffset;
  }

  /** Bytes as little-endian words, the last one padded with zeros; length -1 is none. */
  private copyWords(words: Int32Array, to: number, bytes: Uint8Array, offset: number, length: number): void {
    const { view } = this;
    const whole = length > 0 ? length >> 2 : 0;
    let at = offset;
    for (let i = 0; i < whole; i++) {
      words[to + i] = view.getInt32(at, true);
      at += 4;
    }
    const rest = length > 0 ? length & 3 : 0;
    if (rest === 0) return;
    let last = bytes[at];
    if (rest > 1) last |= bytes[at + 1] << 8;
    if (rest > 2) last |= bytes[at + 2] << 16;
    words[to + whole] = last;
  }

  /** A list goes out once, in front of the first node that has it. */
  private aclNumberOf(acl: Uint8Array): number {
    let number = this.aclNumbers.get(acl);
    if (number === undefined) {
      const { out } = this;
      number = this.aclCount++;
      this.aclNumbers.set(acl, number);
      const size = loadAclListWords(acl.length);
      const at = out.claim(size);
      const { words } = out;
      words[at + LOAD_SIZE] = size;
      words[at + LOAD_TYPE] = LoadRecord.aclList;
      words[at + ACL_LIST_BYTES] = acl.length;
      for (let i = 0; i < acl.length; i += 4) {
        words[at + ACL_LIST + (i >> 2)] =
          acl[i] | ((acl[i + 1] ?? 0) << 8) | ((acl[i + 2] ?? 0) << 16) | ((acl[i + 3] ?? 0) << 24);
      }
      out.commit();
    }
    this.lastAcl = acl;
    this.lastAclNumber = number;
    return number;
  }
}
