/**
 * The data tree's write sections: between begin and end the tree may change and readers on other threads wait; at the end they
 * are told, in the control block (control-layout.ts), up to which zxid and with which figures and digest it is whole. Part of
 * the tree, on its thread. It changes no node.
 *
 *   SEQUENCE  even | odd: mutators ... | figures, digest, zxid | even
 *                  begin                 end
 */
import { assert } from '../base/assert.js';
import { compareSigned } from '../base/int64.js';
import {
  DATA_BYTES_HI,
  DATA_BYTES_LO,
  DIGEST_LOG,
  DIGEST_LOG_COUNT,
  DIGEST_LOG_ENTRIES_MAX,
  DIGEST_LOG_ENTRY_WORDS,
  EPHEMERAL_COUNT,
  SEQUENCE,
  TREE_DIGEST_HI,
  TREE_DIGEST_LO,
  ZXID_HI,
  ZXID_LO,
} from './control-layout.js';
import type { DigestSum } from './digest-sum.js';
import type { NodeRecords } from './node-records.js';
import { SeqlockWriter } from './seqlock.js';

export class WriteSection {
  private readonly control: Int32Array;
  private readonly records: NodeRecords;
  /** Null: digests are off. */
  private readonly digest: DigestSum | null;
  private readonly lock: SeqlockWriter;

  /** Begins open: nobody reads before the tree is whole for the first time. */
  constructor(control: Int32Array, records: NodeRecords, digest: DigestSum | null) {
    this.control = control;
    this.records = records;
    this.digest = digest;
    this.lock = new SeqlockWriter(control, SEQUENCE);
  }

  get isOpen(): boolean {
    return this.lock.open;
  }

  begin(): void {
    assert(!this.lock.open, 'write sections do not nest');
    this.lock.begin();
  }

  /** The last processed zxid becomes this one unless it was greater already. */
  end(zxidHi: number, zxidLo: number): void {
    const { control, records, digest } = this;
    if (compareSigned(zxidHi, zxidLo, control[ZXID_HI], control[ZXID_LO]) > 0) {
      control[ZXID_HI] = zxidHi;
      control[ZXID_LO] = zxidLo;
    }
    if (digest !== null) {
      control[TREE_DIGEST_HI] = digest.hi;
      control[TREE_DIGEST_LO] = digest.lo;
    }
    control[EPHEMERAL_COUNT] = records.kinds.ephemeralCount;
    const { byteCount } = records;
    control[DATA_BYTES_LO] = byteCount | 0;
    control[DATA_BYTES_HI] = (byteCount / 0x100000000) | 0;
    this.lock.end();
  }

  /** A tree without a past: no zxid, no digest before now. */
  forget(): void {
    const { control } = this;
    control[ZXID_HI] = 0;
    control[ZXID_LO] = 0;
    control[DIGEST_LOG_COUNT] = 0;
  }

  /** Enters the digest as of now into the digest log. */
  rememberDigest(zxidHi: number, zxidLo: number): void {
    const { control, digest } = this;
    const count = control[DIGEST_LOG_COUNT]++;
    const entry = DIGEST_LOG + (count & (DIGEST_LOG_ENTRIES_MAX - 1)) * DIGEST_LOG_ENTRY_WORDS;
    control[entry] = zxidHi;
    control[entry + 1] = zxidLo;
    control[entry + 2] = digest === null ? 0 : digest.hi;
    control[entry + 3] = digest === null ? 0 : digest.lo;
  }
}
