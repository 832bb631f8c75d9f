/**
 * What strangers can do to an ensemble of three processes on its election and quorum ports: nothing that anybody notices. A witness
 * writes through a follower during all of it; the leader stays the same, in the same epoch, memory stays bounded, and the logs stay
 * readable.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { residentBytesOf } from '../testing/proc-stat.js';
import { until } from '../testing/until.js';
import { counted, int32, int64, WireConnection } from '../testing/wire-connection.js';
import { Witness } from '../testing/witness.js';

const TICK_MS = 500;
const DEADLINE_MS = 15_000;
const GROWTH_BYTES_MAX = 100 << 20;
const HELLO_V1 = int64(-65536n);
const OWN_TEXT = '127.0.0.1:9';
const LEADER_INFO_BYTES = 24;
const IMPOSTORS = 60;

let ensemble: EnsembleProcess;
let leader: number;
let witness: Witness;
let epoch: bigint;
let before: number[];
const crowd: WireConnection[] = [];

beforeAll(async () => {
  ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper'],
    cfg: { tickTime: TICK_MS, initLimit: 10, syncLimit: 4 },
  });
  leader = await ensemble.leader();
  witness = await Witness.start(ensemble.member((leader % 3) + 1).clientPort);
  epoch = ((await ensemble.zxid(leader)) ?? 0n) >> 32n;
  before = memory();
});

/** Each trial ends with the question whether anybody has noticed. */
afterEach(async () => {
  for (const connection of crowd.splice(0)) connection.destroy();
  await witness.confirm();
  expect(await ensemble.leader()).toBe(leader);
  expect(((await ensemble.zxid(leader)) ?? 0n) >> 32n).toBe(epoch);
});

afterAll(async () => {
  await witness?.stop();
  await ensemble?.[Symbol.asyncDispose]();
});

function memory(): number[] {
  return ensemble.members.map(({ pid }) => residentBytesOf(pid));
}

/** Neither the leader nor the witness's server. */
function absentee(): number {
  return ((leader + 1) % 3) + 1;
}

function electionPorts(): number[] {
  return ensemble.members.map(({ electionPort }) => electionPort);
}

function quorumPort(): number {
  return ensemble.member(leader).quorumPort;
}

async function opened(port: number): Promise<WireConnection> {
  const connection = await WireConnection.open(port);
  crowd.push(connection);
  return connection;
}

/** Sends it, and waits until the server has closed. */
async function isRefused(port: number, ...bytes: Uint8Array[]): Promise<void> {
  const connection = await opened(port);
  connection.socket.on('data', () => {});
  connection.send(...bytes);
  await until(`the server to close on ${Buffer.concat(bytes).subarray(0, 40).toString('hex')}`, DEADLINE_MS, () => {
    return connection.socket.destroyed || connection.socket.readableEnded;
  });
}

function hello(sid: bigint, text: string = OWN_TEXT): Buffer {
  return Buffer.concat([HELLO_V1, int64(sid), counted(text)]);
}

function learnerInfo(type: number, sid: bigint): Buffer {
  const info = Buffer.concat([int64(sid), int32(0x10000), int64(0n)]);
  return Buffer.concat([int32(type), int64(0n), counted(info), int32(-1)]);
}

describe('on election ports', () => {
  test('what is no HELLO is closed at once', async () => {
    const wrong = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.concat([int64(-65534n), int64(1n), counted(OWN_TEXT)]),
      Buffer.concat([HELLO_V1, int64(1n), int32(0x7fffffff)]),
      Buffer.concat([HELLO_V1, int64(1n), int32(-1)]),
      hello(1n, 'no port at all'),
      hello(1n, '127.0.0.1:70000'),
      hello((1n << 63n) - 1n),
      hello(-1n),
      int64(0x7ffffffffffffff0n),
    ];
    for (const bytes of wrong) for (const port of electionPorts()) await isRefused(port, bytes);
  });

  test('an id that is nobody’s is closed, and so is a member’s own', async () => {
    for (const { sid, electionPort } of ensemble.members) {
      await isRefused(electionPort, hello(99n));
      await isRefused(electionPort, hello(BigInt(sid)));
    }
  });

  test('one that says it is a member which is there already disturbs nobody’s work', async () => {
    for (const { sid, electionPort } of ensemble.members) {
      for (const other of ensemble.members) {
        if (other.sid === sid) continue;
        const connection = await opened(electionPort);
        connection.send(hello(BigInt(other.sid)), int32(44), Buffer.alloc(44, 1));
      }
    }
  });

  test('random bytes end nowhere', async () => {
    const prng = new Prng(11);
    for (let i = 0; i < 120; i++) {
      const bytes = Buffer.from(Array.from({ length: 1 + prng.below(80) }, () => prng.below(256)));
      if (prng.below(2) === 0) bytes.fill(0xff, 0, Math.min(6, bytes.length));
      const connection = await opened(electionPorts()[i % 3] as number);
      connection.send(bytes);
    }
  });

  test('a stream that never ends is cut off', async () => {
    for (const port of electionPorts()) {
      await isRefused(port, Buffer.alloc(1 << 20));
      await isRefused(port, hello(99n), Buffer.alloc(1 << 20, 7));
    }
  });
});

describe('on the leader’s quorum port', () => {
  test('what is no packet, or not the first one, is closed at once', async () => {
    const packet = (type: number, length: number): Buffer => Buffer.concat([int32(type), int64(0n), int32(length)]);
    await isRefused(quorumPort(), Buffer.from('GET / HTTP/1.1\r\n\r\n\r\n\r\n\r\n'));
    await isRefused(quorumPort(), packet(11, 0x7fffffff), int32(-1));
    await isRefused(quorumPort(), packet(11, -2), int32(-1));
    await isRefused(quorumPort(), Buffer.concat([packet(11, -1), int32(0x7fffffff)]));
    for (const type of [1, 2, 3, 5, 6, 10, 17, 18, 99]) {
      await isRefused(quorumPort(), Buffer.concat([packet(type, -1), int32(-1)]));
    }
    await isRefused(quorumPort(), Buffer.alloc(1 << 20));
  });

  test('an id that is nobody’s is not told anything', async () => {
    await isRefused(quorumPort(), learnerInfo(11, 99n));
    await isRefused(quorumPort(), learnerInfo(16, 99n));
  });

  test('the id of a member that is there is refused to another', async () => {
    for (const { sid } of ensemble.members) {
      for (const type of [11, 16]) await isRefused(quorumPort(), learnerInfo(type, BigInt(sid)));
    }
  });

  test('what a follower said in an earlier life changes nothing', async () => {
    const replayed =
      '0000000b0000000000000000000000140000000000000063000100000000000000000000ffffffff' +
      '00000012000000000000000000000004ffffffffffffffff0000000300000001000000 00ffffffffffffffff';
    await isRefused(quorumPort(), Buffer.from(replayed.replaceAll(' ', ''), 'hex'));
  });
});

test('one with the id of a member that is away, who begins well and goes on at random, changes nothing', async () => {
  const away = absentee();
  await ensemble.kill(away);
  const prng = new Prng(17);
  const random = (bytesMax: number): Buffer =>
    Buffer.from(Array.from({ length: prng.below(bytesMax) }, () => prng.below(256)));
  const packet = (type: number, zxid: bigint, data: Buffer): Buffer =>
    Buffer.concat([int32(type), int64(zxid), data, int32(-1)]);
  for (let i = 0; i < IMPOSTORS; i++) {
    const connection = await opened(quorumPort());
    connection.send(learnerInfo(prng.below(5) === 0 ? 16 : 11, BigInt(away)));
    await connection.readBytes(LEADER_INFO_BYTES);
    connection.send(packet(18, (epoch << 32n) | BigInt(prng.below(40)), counted(int32(prng.below(3) - 1))));
    // A DIFF or the like, or the end.
    await connection.readBytes(1).catch(() => null);
    if (prng.below(4) !== 0) connection.send(packet(3, epoch << 32n, int32(-1)));
    for (let k = prng.below(12); k > 0; k--) {
      const type = prng.below(3) === 0 ? prng.below(25) : 1;
      const op = prng.below(30) - 12;
      const request = Buffer.concat([int64(0x0100001217950000n), int32(prng.below(10)), int32(op), random(60)]);
      connection.send(
        packet(type, prng.below(2) === 0 ? -1n : epoch << 32n, counted(prng.below(2) ? request : random(120))),
      );
    }
    connection.socket.resume().end();
    await connection.closed;
  }
  await ensemble.startMember(away);
  before[away - 1] = Number.POSITIVE_INFINITY;
  await ensemble.awaitServing([away], DEADLINE_MS);
});

test('a crowd that says nothing, or never ends its first word, keeps no member out and costs little', async () => {
  for (const port of [...electionPorts(), quorumPort()]) {
    for (let i = 0; i < 300; i++) {
      const connection = await opened(port);
      if (i % 3 === 0) connection.send(HELLO_V1.subarray(0, 3));
    }
  }
  // A member that comes back meets all of them.
  const sid = absentee();
  await ensemble.kill(sid);
  await ensemble.startMember(sid);
  before[sid - 1] = Number.POSITIVE_INFINITY;
  await ensemble.awaitServing([sid], DEADLINE_MS);
  expect(await ensemble.mode(sid)).toBe('follower');
});

test('in the end nobody has grown, and logs say each thing once in a while', () => {
  memory().forEach((bytes, i) => {
    expect(bytes - (before[i] as number)).toBeLessThan(GROWTH_BYTES_MAX);
  });
  for (const member of ensemble.members) {
    const warnings = member
      .log()
      .split('\n')
      .filter((line) => / (?:WARN|ERROR) /.test(line));
    // Who has the id of a member is told of as often as he comes and goes.
    expect(warnings.length, warnings.join('\n')).toBeLessThan(60 + IMPOSTORS);
  }
});
