/**
 * Generated frames against a server process on real threads and sockets; test/unit/net/fuzz does the same, many times more,
 * in one thread. Each conversation ends with the client's FIN and must end with the server's. A witness works all the while,
 * the guarded nodes stay as they were, and memory stays bounded.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import type { ACL } from '../../src/protocol/acl.js';
import { residentBytesOf } from '../testing/proc-stat.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { counted, int32, Op, type Reply, WireConnection } from '../testing/wire-connection.js';
import { Witness } from '../testing/witness.js';
import { GUARDED, idOf, KNOWN_PATHS, MARKER, SUPER } from '../unit/net/fuzz/guarded-nodes.js';
import { RequestGenerator } from '../unit/net/fuzz/request-generator.js';
import { converse } from './fuzz-conversation.js';

const SEED = Number(process.env.SEED ?? 1);
const CONVERSATIONS = 300;
const AT_ONCE = 6;
const GROWTH_BYTES_MAX = 256 << 20;
const AUTH = 100;
const GET_ACL = 6;
const NO_WATCH = Uint8Array.of(0);

let server: ServerProcess;
let witness: Witness;

beforeAll(async () => {
  server = await startThreadkeeper({
    cfg: { 'DigestAuthenticationProvider.superDigest': idOf(SUPER), extendedTypesEnabled: 'true' },
  });
  witness = await Witness.start(server.port);
});
afterAll(async () => {
  await witness?.stop();
  await server?.stop();
});

function aclBytes(acl: readonly ACL[]): Buffer {
  return Buffer.concat([
    int32(acl.length),
    ...acl.flatMap(({ perms, id }) => [int32(perms), counted(id.scheme), counted(id.id)]),
  ]);
}

class Guardian {
  private readonly connection: WireConnection;

  private constructor(connection: WireConnection) {
    this.connection = connection;
  }

  static async connect(): Promise<Guardian> {
    const guardian = new Guardian(await WireConnection.openSession(server.port, { timeOutMs: 40_000 }));
    await guardian.call(AUTH, int32(0), counted('digest'), counted(SUPER));
    return guardian;
  }

  async plant(): Promise<void> {
    for (const [path, data, acl] of GUARDED) {
      await this.call(Op.Create, counted(path), counted(data), aclBytes(acl), int32(0));
    }
  }

  async state(): Promise<string[]> {
    const lines: string[] = [];
    for (const [path] of GUARDED) {
      const data = await this.call(Op.GetData, counted(path), NO_WATCH);
      const acl = await this.call(GET_ACL, counted(path));
      lines.push(`${path} ${data.body.toString('hex')} ${acl.body.toString('hex')}`);
    }
    return lines;
  }

  close(): Promise<void> {
    return this.connection.closeSession();
  }

  private async call(op: number, ...body: Uint8Array[]): Promise<Reply> {
    const reply = await this.connection.call(1, op, ...body);
    expect([op, reply.err]).toEqual([op, 0]);
    return reply;
  }
}

test(`seed ${SEED}: every conversation ends, nobody else notices`, async () => {
  const guardian = await Guardian.connect();
  await guardian.plant();
  const before = await guardian.state();
  const restingBytes = residentBytesOf(server.pid);
  let left = CONVERSATIONS;
  let frames = 0;
  let answerBytes = 0;
  const attack = async (name: string): Promise<void> => {
    const prng = new Prng(SEED).fork(name);
    const generator = new RequestGenerator(prng.fork('frames'), KNOWN_PATHS);
    while (left-- > 0) {
      const conversation = await converse(server.port, prng, generator);
      expect(conversation.answers.includes(MARKER)).toBe(false);
      frames += conversation.frames;
      answerBytes += conversation.answers.length;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => attack(`attacker ${i}`)));

  await witness.confirm();
  expect(await guardian.state()).toEqual(before);
  await guardian.close();
  expect(server.isRunning).toBe(true);
  expect(residentBytesOf(server.pid) - restingBytes).toBeLessThan(GROWTH_BYTES_MAX);
  expect(witness.longestRoundMs).toBeLessThan(8000);
  // A run whose connections all died at once would prove nothing.
  expect(frames).toBeGreaterThan(CONVERSATIONS * 20);
  expect(answerBytes).toBeGreaterThan(frames * 4);
});
