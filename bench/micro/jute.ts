// What the codec and its foundations cost: `node dist/bench/micro/jute.js [filter]` prints nanoseconds per operation,
// the median and the best of several rounds, and for checksums the throughput. One thread, nothing else should run.
// Compares with the platform where that says something (TextDecoder, zlib).

import { crc32 as platformCrc32 } from 'node:zlib';
import { adler32 } from '../../src/base/adler32.js';
import { copyBytes } from '../../src/base/bytes.js';
import { CRC_START, crc32, crcOfView, crcOfWords, crcShifted } from '../../src/base/crc32.js';
import { Fifo } from '../../src/base/fifo.js';
import { Prng } from '../../src/base/prng.js';
import { decodeUtf8, encodeUtf8, encodeUtf8Into, latin1 } from '../../src/base/utf8.js';
import { JuteReader } from '../../src/jute/jute-reader.js';
import { JuteWriter } from '../../src/jute/jute-writer.js';
import { OPEN_ACL_UNSAFE } from '../../src/protocol/acl.js';
import { encodeRequestHeader } from '../../src/protocol/headers.js';
import { OpCode } from '../../src/protocol/op-code.js';
import { validatePathBytes } from '../../src/protocol/path-validation.js';
import { decodeGetDataResponse, encodeGetDataResponse } from '../../src/protocol/replies.js';
import { decodeCreateRequest, encodeCreateRequest } from '../../src/protocol/requests.js';
import { passwordMatches, sessionPassword } from '../../src/protocol/session-password.js';

const ROUNDS = 9;
const ROUND_MS = 60;

interface Case {
  readonly name: string;
  /** Runs the operation that many times and returns something that depends on the results. */
  readonly run: (count: number) => number;
  /** Bytes one operation goes over, when the throughput is of interest. */
  readonly bytesPerOp?: number;
}

const PATH = '/app/config/service-0000000042';
const LONG_PATH = `/${'component/'.repeat(9)}end`;
const DATA = new Uint8Array(100).fill(0x61);
const STAT = {
  czxid: 0x1_0000_0004n,
  mzxid: 0x1_0000_0005n,
  ctime: 1_795_316_449_579n,
  mtime: 1_795_316_449_744n,
  version: 1,
  cversion: 2,
  aversion: 0,
  ephemeralOwner: 0x0100_002b_2013_0000n,
  dataLength: 100,
  numChildren: 2,
  pzxid: 0x1_0000_0006n,
};

function cases(): Case[] {
  const w = new JuteWriter(4096);
  const create = { path: PATH, data: DATA, acl: OPEN_ACL_UNSAFE, flags: 0 };
  const createBytes = written((writer) => encodeCreateRequest(writer, create));
  const reply = { data: DATA, stat: STAT };
  const replyBytes = written((writer) => encodeGetDataResponse(writer, reply));
  const ints = written((writer) => {
    for (let i = 0; i < 1000; i++) writer.writeInt(i * 0x10001);
  });
  const path = encodeUtf8(PATH);
  const longPath = encodeUtf8(LONG_PATH);
  const wideText = '/é中'.repeat(10);
  const wide = encodeUtf8(wideText);
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const scratch = new Uint8Array(8192);
  const big = randomBytes(64 * 1024);
  const words = new Int32Array(big.buffer);
  const view = new DataView(big.buffer);
  const small = randomBytes(120);
  const fifo = new Fifo<number>();
  const password = sessionPassword(0x0100_002b, 0x2013_0000);

  const writing = (write: () => void): ((count: number) => number) =>
    loop(() => {
      w.reset();
      write();
      return w.length;
    });
  const copying = (length: number): ((count: number) => number) =>
    loop(() => {
      copyBytes(big, 8, scratch, 0, length);
      return scratch[3];
    });

  return [
    { name: 'nothing (cost of the loop)', run: loop(() => 1) },
    { name: 'reset and writeInt', run: writing(() => w.writeInt(0x0102_0304)) },
    { name: 'reset and 10 x writeInt', run: writing(() => repeat10(() => w.writeInt(0x0102_0304))) },
    { name: 'reset and writeLongHalves', run: writing(() => w.writeLongHalves(1, 4)) },
    { name: 'reset and writeLong (bigint)', run: writing(() => w.writeLong(STAT.mtime)) },
    { name: 'writeUstring, 30 chars', run: writing(() => w.writeUstring(PATH)) },
    { name: 'writeBuffer, 100 bytes', run: writing(() => w.writeBuffer(DATA)) },
    { name: 'readInt', run: readInts(ints) },
    { name: 'encode RequestHeader', run: writing(() => encodeRequestHeader(w, { xid: 1, type: OpCode.create })) },
    { name: 'encode CreateRequest', run: writing(() => encodeCreateRequest(w, create)) },
    { name: 'decode CreateRequest', run: loop(() => decodeCreateRequest(new JuteReader(createBytes)).flags) },
    { name: 'encode GetDataResponse', run: writing(() => encodeGetDataResponse(w, reply)) },
    { name: 'decode GetDataResponse', run: loop(() => decodeGetDataResponse(new JuteReader(replyBytes)).stat.version) },
    { name: 'skip over a CreateRequest path', run: loop(() => new JuteReader(createBytes).skipBuffer()) },
    { name: 'decodeUtf8, 5 bytes', run: loop(() => decodeUtf8(path, 0, 5).length) },
    { name: 'decodeUtf8, 30 bytes', run: loop(() => decodeUtf8(path, 0, path.length).length) },
    { name: 'decodeUtf8, 94 bytes', run: loop(() => decodeUtf8(longPath, 0, longPath.length).length) },
    { name: '  TextDecoder, 94 bytes', run: loop(() => decoder.decode(longPath).length) },
    { name: 'decodeUtf8, 60 wide bytes', run: loop(() => decodeUtf8(wide, 0, wide.length).length) },
    { name: '  TextDecoder, 60 wide bytes', run: loop(() => decoder.decode(wide).length) },
    { name: 'latin1, 30 bytes', run: loop(() => latin1(path, 0, path.length).length) },
    { name: 'latin1 as a Map key, 30 bytes', run: mapKeys(path) },
    { name: 'encodeUtf8Into, 30 chars', run: loop(() => encodeUtf8Into(PATH, scratch, 0)) },
    { name: '  TextEncoder, 30 chars', run: loop(() => encoder.encodeInto(PATH, scratch).written) },
    { name: 'copyBytes, 16', run: copying(16) },
    { name: 'copyBytes, 32', run: copying(32) },
    { name: 'copyBytes, 48', run: copying(48) },
    { name: 'copyBytes, 100', run: copying(100) },
    { name: 'copyBytes, 4096', run: copying(4096), bytesPerOp: 4096 },
    { name: 'validatePathBytes, 30 bytes', run: loop(() => (validatePathBytes(path, 0, path.length) ? 1 : 0)) },
    { name: 'validatePathBytes, 60 wide bytes', run: loop(() => (validatePathBytes(wide, 0, wide.length) ? 1 : 0)) },
    { name: 'adler32, 120 bytes', run: loop(() => adler32(small, 0, small.length)), bytesPerOp: small.length },
    { name: 'adler32, 64 KB', run: loop(() => adler32(big, 0, big.length)), bytesPerOp: big.length },
    { name: 'crc32, 30 bytes', run: loop(() => crc32(path, 0, path.length)), bytesPerOp: path.length },
    { name: 'crc32, 64 KB', run: loop(() => crc32(big, 0, big.length)), bytesPerOp: big.length },
    { name: 'crc of words, 100 bytes', run: loop(() => crcOfWords(words, 0, 100, CRC_START)), bytesPerOp: 100 },
    { name: 'crc of a view, 100 bytes', run: loop(() => crcOfView(view, 0, 100, CRC_START)), bytesPerOp: 100 },
    {
      name: 'crc of words, 64 KB',
      run: loop(() => crcOfWords(words, 0, big.length, CRC_START)),
      bytesPerOp: big.length,
    },
    { name: 'crc shifted', run: loop(() => crcShifted(0x12345678, 40)) },
    { name: '  zlib crc32, 30 bytes', run: loop(() => platformCrc32(path)), bytesPerOp: path.length },
    { name: '  zlib crc32, 64 KB', run: loop(() => platformCrc32(big)), bytesPerOp: big.length },
    { name: 'sessionPassword', run: loop(() => sessionPassword(0x0100_002b, 0x2013_0000)[0]) },
    { name: 'passwordMatches', run: loop(() => (passwordMatches(0x0100_002b, 0x2013_0000, password, 0, 16) ? 1 : 0)) },
    { name: 'fifo push and shift', run: throughFifo(fifo) },
  ];
}

function written(write: (w: JuteWriter) => void): Uint8Array {
  const w = new JuteWriter();
  write(w);
  return w.toBytes();
}

function randomBytes(length: number): Uint8Array {
  const prng = new Prng(length);
  return Uint8Array.from({ length }, () => prng.below(256));
}

function loop(operation: () => number): (count: number) => number {
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = (sum + operation()) | 0;
    return sum;
  };
}

function repeat10(operation: () => void): void {
  for (let i = 0; i < 10; i++) operation();
}

function throughFifo(fifo: Fifo<number>): (count: number) => number {
  return loop(() => {
    fifo.push(1);
    return fifo.shift() ?? 0;
  });
}

/** Straight through a long row of ints: the reader's own cost, without making a reader each time. */
function readInts(ints: Uint8Array): (count: number) => number {
  return (count) => {
    let sum = 0;
    for (let done = 0; done < count; done += 1000) {
      const r = new JuteReader(ints);
      for (let i = 0; i < 1000; i++) sum = (sum + r.readInt()) | 0;
    }
    return sum;
  };
}

function mapKeys(path: Uint8Array): (count: number) => number {
  const map = new Map([[latin1(path, 0, path.length), 1]]);
  return loop(() => map.get(latin1(path, 0, path.length)) ?? 0);
}

/** Nanoseconds per operation of each round, ascending. */
function measure(run: (count: number) => number): number[] {
  let count = 1000;
  let elapsedMs = timeMs(run, count);
  while (elapsedMs < ROUND_MS) {
    count = Math.ceil((count * Math.min(10, (1.2 * ROUND_MS) / Math.max(elapsedMs, 0.01))) / 1000) * 1000;
    elapsedMs = timeMs(run, count);
  }
  const rounds = Array.from({ length: ROUNDS }, () => (timeMs(run, count) * 1e6) / count);
  return rounds.sort((a, b) => a - b);
}

let sink = 0;

function timeMs(run: (count: number) => number, count: number): number {
  const start = performance.now();
  sink ^= run(count);
  return performance.now() - start;
}

function main(filter: string): void {
  console.log(`${'operation'.padEnd(36)}${'ns/op'.padStart(10)}${'best'.padStart(10)}${'MB/s'.padStart(10)}`);
  for (const { name, run, bytesPerOp } of cases()) {
    if (!name.includes(filter)) continue;
    const rounds = measure(run);
    const median = rounds[ROUNDS >> 1];
    const throughput = bytesPerOp === undefined ? '' : ((bytesPerOp / median) * 1000).toFixed(0);
    console.log(
      `${name.padEnd(36)}${median.toFixed(1).padStart(10)}${rounds[0].toFixed(1).padStart(10)}${throughput.padStart(10)}`,
    );
  }
  // Printed so that no engine may leave the work out.
  console.log(`(sum of all results: ${sink})`);
}

main(process.argv[2] ?? '');
