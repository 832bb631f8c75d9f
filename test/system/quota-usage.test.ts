/**
 * Usage of a quota while it changes: a real server with its stages on threads of their own, two clients that write under the
 * quota as fast as they can, and one that reads the stats node all the while. Count and bytes are changed together, so every
 * reading must show a pair that belongs together.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServerProcess } from '../testing/server-process.js';
import { provingAgainstApache, startServerUnderTest } from '../testing/server-under-test.js';
import { counted, int32, Op, openAcl, request, WireConnection } from '../testing/wire-connection.js';

const Q = '/zookeeper/quota/q';
const DATA = 'ten bytes.';
const BATCHES = 40;
/** Of so many different lengths, since a batch may be applied as a whole. */
const BATCH_MAX = 40;

let server: ServerProcess;

beforeAll(async () => {
  const cfg = { 'threadkeeper.placement': 'pipeline', 'threadkeeper.connectionShards': 2 };
  server = await startServerUnderTest(provingAgainstApache ? {} : { cfg });
});
afterAll(() => server?.stop());

/** Nodes come and go; ends with all of them gone. */
async function write(name: string): Promise<void> {
  const connection = await WireConnection.openSession(server.port);
  for (let batch = 0; batch < BATCHES; batch++) {
    const op = batch % 2 === 0 ? Op.Create : Op.Delete;
    const length = 1 + (((batch >> 1) * 7) % BATCH_MAX);
    const requests = Array.from({ length }, (_, i) => {
      const path = counted(`/q/${name}${i}`);
      return op === Op.Create
        ? request(i + 1, op, path, counted(DATA), openAcl, int32(0))
        : request(i + 1, op, path, int32(-1));
    });
    connection.send(...requests);
    for (let i = 0; i < length; i++) expect(await connection.nextReply()).toMatchObject({ xid: i + 1, err: 0 });
  }
  await connection.closeSession();
}

test('whoever reads it sees a count and the bytes of the same moment', { timeout: 60_000 }, async () => {
  const reader = await WireConnection.openSession(server.port);
  const create = async (path: string, data: string): Promise<void> => {
    const reply = await reader.call(1, Op.Create, counted(path), counted(data), openAcl, int32(0));
    expect(reply.err).toBe(0);
  };
  await create('/q', DATA);
  await create(Q, '');
  await create(`${Q}/zookeeper_limits`, 'count=5');
  await create(`${Q}/zookeeper_stats`, '');

  let writing = true;
  const writers = Promise.all([write('a'), write('b')]).finally(() => {
    writing = false;
  });
  const seen = new Set<string>();
  const read = async (): Promise<string> => {
    const { err, body } = await reader.call(2, Op.GetData, counted(`${Q}/zookeeper_stats`), Uint8Array.of(0));
    expect(err).toBe(0);
    const length = body.readInt32BE(0);
    // dataLength of the Stat behind the data.
    expect(body.readInt32BE(4 + length + 52)).toBe(length);
    return body.subarray(4, 4 + length).toString();
  };
  while (writing) {
    const text = await read();
    const [, count, bytes] = /^count=(\d+),bytes=(\d+)$/.exec(text) ?? [];
    expect([text, Number(bytes)]).toEqual([text, Number(count) * DATA.length]);
    seen.add(text);
  }
  await writers;
  expect(seen.size).toBeGreaterThan(5);
  expect(await read()).toBe(`count=1,bytes=${DATA.length}`);
  await reader.closeSession();
});
