/**
 * `mntr` beside Apache ZooKeeper's (Debian's 3.8.0), key by key: after the same requests both servers show the same keys, of the same
 * kinds, and of what does not depend on time the same values. What only 3.9 has is the only difference allowed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApache } from '../testing/apache-server.js';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { isSince39, type MntrLine, mntrKinds, readMntr } from '../testing/mntr-lines.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';
import { counted, int32, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

const DEADLINE_MS = 60_000;
const EPHEMERAL = 1;
const QUOTA = '/zookeeper/quota';

/** That of which the value follows from the requests. */
const SAME_VALUES = [
  'zk_server_state',
  'zk_packets_received',
  'zk_packets_sent',
  'zk_num_alive_connections',
  'zk_outstanding_requests',
  'zk_znode_count',
  'zk_watch_count',
  'zk_ephemerals_count',
  'zk_approximate_data_size',
  'zk_local_sessions',
  'zk_connection_drop_probability',
  'zk_max_file_descriptor_count',
  'zk_outstanding_tls_handshake',
  'zk_auth_failed_count',
  'zk_app_quota_count_limit_per_namespace',
  'zk_app_quota_bytes_limit_per_namespace',
  'zk_app_quota_count_usage_per_namespace',
  'zk_app_quota_bytes_usage_per_namespace',
];

let apache: ServerProcess;
let ours: ServerProcess;
const connections: WireConnection[] = [];

beforeAll(async () => {
  [apache, ours] = await Promise.all([startApache(), startServerUnderTest()]);
  for (const server of [apache, ours]) connections.push(await useServer(server));
}, DEADLINE_MS);

afterAll(async () => {
  for (const connection of connections) connection.destroy();
  await apache?.stop();
  await ours?.stop();
});

/** The same requests to each. The connection stays. */
async function useServer(server: ServerProcess): Promise<WireConnection> {
  await fourLetterWord(server.port, 'srst');
  const connection = await WireConnection.openSession(server.port);
  let xid = 0;
  const call = (op: number, ...body: Uint8Array[]) => connection.call(++xid, op, ...body);
  const create = (path: string, data: string, flags = 0) =>
    call(Op.Create, counted(path), counted(data), openAcl, int32(flags));
  await create('/app', 'x'.repeat(40));
  await create('/app/a', 'yy');
  await create('/app/e', 'z', EPHEMERAL);
  await create('/other', '');
  await create(`${QUOTA}/app`, '');
  await create(`${QUOTA}/app/zookeeper_limits`, 'count=100,bytes=-1=;byteHardLimit=-1;countHardLimit=50');
  await create(`${QUOTA}/app/zookeeper_stats`, 'count=3,bytes=43');
  await call(Op.SetData, counted('/app/a'), counted('ww'), int32(-1));
  await call(Op.GetData, counted('/app'), Uint8Array.of(1));
  await call(Op.GetChildren, counted('/app'), Uint8Array.of(1));
  await call(Op.Exists, counted('/nothing'), Uint8Array.of(1));
  return connection;
}

function valuesOf(lines: ReadonlyMap<string, MntrLine>): Record<string, string | undefined> {
  return Object.fromEntries(SAME_VALUES.map((key) => [key, lines.get(key)?.value]));
}

test('the same keys, of the same kinds, with what does not depend on time the same', async () => {
  const [theirs, own] = [await readMntr(apache.port), await readMntr(ours.port)];
  const compared = (lines: ReadonlyMap<string, MntrLine>) =>
    Object.fromEntries(
      Object.entries(mntrKinds(lines)).filter(
        ([key]) => !isSince39(key) && !/_(?:read|write)_per_namespace$/.test(key),
      ),
    );
  expect(compared(own)).toEqual(compared(theirs));
  expect(valuesOf(own)).toEqual(valuesOf(theirs));
  // Either may still have the session that found out whether it was up.
  expect(Number(own.get('zk_global_sessions')?.value)).toBeGreaterThan(0);
  expect([...own.keys()].slice(0, 2)).toEqual(['zk_version', 'zk_server_state']);
  const again = await readMntr(ours.port);
  expect([...again.keys()]).toEqual([...own.keys()]);
});

test('srst begins counters and summaries anew, and leaves gauges alone', async () => {
  expect(await fourLetterWord(ours.port, 'srst')).toBe('Server stats reset.\n');
  const own = await readMntr(ours.port);
  const counted = [...own.values()].filter(({ key, value }) => /^zk_cnt_/.test(key) && Number(value) > 0);
  expect(counted).toEqual([]);
  expect(Number(own.get('zk_watch_count')?.value)).toBe(3);
  expect(own.get('zk_packets_received')?.value).toBe('1');
});
