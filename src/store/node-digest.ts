/**
 * What one znode counts in the tree digest (persistence section 5): the CRC-32 of path, data and stat, one behind the other.
 *
 *     path bytes            data bytes           stat: 60 bytes = 15 words, big-endian as everything on wire and disk
 *   +---------------------+--------------------+------+------+------+------+------+-----+-----+-----+-------+
 *   | the root's: none    | null data: none    |czxid |mzxid |pzxid |ctime |mtime | ver | cver| aver| owner |
 *   +---------------------+--------------------+------+------+------+------+------+-----+-----+-----+-------+
 *                                       word    0      2      4      6      8      10    11    12    13    15
 *
 * cversion and owner as stored (creations only; also the marks of containers and TTL nodes). pzxid stands third, elsewhere
 * last. Nodes below /zookeeper count nothing; /zookeeper itself counts.
 *
 * A stat here is an Int32Array of these words as they lie in (little-endian) memory: swapWord of their value. Since CRCs are
 * linear, a change of stat words alone changes the value by an XOR that needs neither path nor data (`statDifference`): a
 * parent's new child costs eight table look-ups, however much data the parent has.
 *
 * Used by the tree's writer and by whoever predicts what the tree will be; any thread, allocates nothing. Values and
 * registers are int32 (crc32.ts says why); a value counts as unsigned.
 */
import { crcShifted } from '../base/crc32.js';

export const DIGEST_STAT_WORDS = 15;
export const DIGEST_CZXID = 0;
export const DIGEST_MZXID = 2;
export const DIGEST_PZXID = 4;
export const DIGEST_CTIME = 6;
export const DIGEST_MTIME = 8;
export const DIGEST_VERSION = 10;
export const DIGEST_CVERSION = 11;
export const DIGEST_AVERSION = 12;
export const DIGEST_OWNER = 13;

const STAT_ZEROS_MAX = (DIGEST_STAT_WORDS - 1) * 4;

/** '/zookeeper/' as words of memory. */
const ZOO_ = 0x6f6f7a2f;
const KEEP = 0x7065656b;
const ER = 0x2f7265;
const SYSTEM_PATH_BYTES_MIN = 11;
const SYSTEM_PATH = Uint8Array.from('/zookeeper/', (c) => c.charCodeAt(0));

/**
 * register: behind path and data. Written out, since a loop costs a sixth more; what is mostly 0 (upper halves of zxids,
 * versions, owners) is passed over. The first word goes with the register: both have as many bytes behind them.
 */
export function nodeDigest(register: number, stat: Int32Array): number {
  let crc =
    crcShifted(register ^ stat[DIGEST_CZXID], STAT_ZEROS_MAX) ^
    crcShifted(stat[DIGEST_CZXID + 1], STAT_ZEROS_MAX - 4) ^
    crcShifted(stat[DIGEST_MZXID + 1], STAT_ZEROS_MAX - 12) ^
    crcShifted(stat[DIGEST_PZXID + 1], STAT_ZEROS_MAX - 20) ^
    crcShifted(stat[DIGEST_CTIME], STAT_ZEROS_MAX - 24) ^
    crcShifted(stat[DIGEST_CTIME + 1], STAT_ZEROS_MAX - 28) ^
    crcShifted(stat[DIGEST_MTIME], STAT_ZEROS_MAX - 32) ^
    crcShifted(stat[DIGEST_MTIME + 1], STAT_ZEROS_MAX - 36);
  if (stat[DIGEST_MZXID] !== 0) crc ^= crcShifted(stat[DIGEST_MZXID], STAT_ZEROS_MAX - 8);
  if (stat[DIGEST_PZXID] !== 0) crc ^= crcShifted(stat[DIGEST_PZXID], STAT_ZEROS_MAX - 16);
  if (stat[DIGEST_VERSION] !== 0) crc ^= crcShifted(stat[DIGEST_VERSION], STAT_ZEROS_MAX - 40);
  if (stat[DIGEST_CVERSION] !== 0) crc ^= crcShifted(stat[DIGEST_CVERSION], STAT_ZEROS_MAX - 44);
  if (stat[DIGEST_AVERSION] !== 0) crc ^= crcShifted(stat[DIGEST_AVERSION], STAT_ZEROS_MAX - 48);
  if (stat[DIGEST_OWNER] !== 0) crc ^= crcShifted(stat[DIGEST_OWNER], STAT_ZEROS_MAX - 52);
  if (stat[DIGEST_OWNER + 1] !== 0) crc ^= crcShifted(stat[DIGEST_OWNER + 1], 0);
  return ~crc;
}

/** XOR it to the value of a node whose stat word changes by (is XORed with) `difference`. */
export function statDifference(word: number, difference: number): number {
  return difference === 0 ? 0 : crcShifted(difference, STAT_ZEROS_MAX - word * 4);
}

/** False for what stands below /zookeeper; the path as packed words of memory. */
export function wordsCount(words: Int32Array, index: number, length: number): boolean {
  return (
    words[index] !== ZOO_ ||
    length < SYSTEM_PATH_BYTES_MIN ||
    words[index + 1] !== KEEP ||
    (words[index + 2] & 0xffffff) !== ER
  );
}

/** The same for a path of bytes. */
export function bytesCount(path: Uint8Array, offset: number, length: number): boolean {
  // Most paths differ in their second byte.
  if (path[offset + 1] !== SYSTEM_PATH[1] || length < SYSTEM_PATH_BYTES_MIN) return true;
  for (let i = 0; i < SYSTEM_PATH_BYTES_MIN; i++) if (path[offset + i] !== SYSTEM_PATH[i]) return true;
  return false;
}
