// Local sessions in ensembles of both kinds (ensemble-protocol 7.4): the same requests to every member, and the same answers whoever
// made it, whoever leads. What is expected is what Apache's 3.8.0 says among its own; THREADKEEPER_TEST_SERVER=apache asks it again.

import { expect, test } from 'vitest';
import { EnsembleProcess, type MemberKind } from '../../testing/ensemble-process.js';
import { provingAgainstApache } from '../../testing/server-under-test.js';
import { counted, int32, Op, openAcl, type Reply, request, WireConnection } from '../../testing/wire-connection.js';

const TIMEOUT_MS = 4000;
const CREATE_2 = 15;
const PERSISTENT = Buffer.alloc(4);
const EPHEMERAL = int32(1);
const EPHEMERAL_ON_LOCAL_SESSION = -120;

const create = (path: string, flags: Buffer): Buffer => Buffer.concat([counted(path), counted('x'), openAcl, flags]);
const part = (body: Buffer): Buffer => Buffer.concat([int32(Op.Create), Buffer.of(0), int32(-1), body]);
const multi = (...parts: Buffer[]): Buffer => Buffer.concat([...parts, int32(-1), Buffer.of(1), int32(-1)]);

/** One client's session at one member; every line says what was asked, the error, and how many zxids it cost. */
class Script {
  readonly lines: string[] = [];
  private readonly port: number;
  private readonly otherPort: number;
  private readonly name: string;
  private zxid = 0n;

  constructor(port: number, otherPort: number, name: string) {
    this.port = port;
    this.otherPort = otherPort;
    this.name = name;
  }

  async run(): Promise<string[]> {
    const client = await WireConnection.open(this.port);
    const { sessionId, password } = await client.handshake({ timeOutMs: TIMEOUT_MS });
    const { name } = this;
    this.zxid = (await client.call(1, Op.Create, create(`/first${name}`, PERSISTENT))).zxid;
    this.say('create', await client.call(2, Op.Create, create(`/a${name}`, PERSISTENT)));
    this.say('multi', await client.call(3, Op.Multi, multi(part(create(`/b${name}`, PERSISTENT)))));
    const both = multi(part(create(`/c${name}`, PERSISTENT)), part(create(`/d${name}`, EPHEMERAL)));
    const reply = await client.call(4, Op.Multi, both);
    this.say('multi of an ephemeral', reply, reply.body.readInt32BE(0) === -1 ? 'failed' : 'done');
    this.say('ephemeral', await client.call(5, Op.Create, create(`/e${name}`, EPHEMERAL)));
    this.say('create2', await client.call(6, CREATE_2, create(`/f${name}`, EPHEMERAL)));
    this.say('no parent', await client.call(7, Op.Create, create('/no/f', EPHEMERAL)));
    this.say('sync', await client.call(8, Op.Sync, counted('/')));
    const again = { sessionId, password, timeOutMs: TIMEOUT_MS };
    const elsewhere = await WireConnection.open(this.otherPort);
    this.lines.push(`elsewhere: ${(await elsewhere.handshake(again)).timeOutMs}`);
    elsewhere.destroy();
    const renewed = await WireConnection.open(this.port);
    this.lines.push(`here: ${(await renewed.handshake(again)).timeOutMs}`);
    expect(await client.readToEnd()).toHaveLength(0);
    this.say('renewed', await renewed.call(9, Op.Create, create(`/g${name}`, EPHEMERAL)));
    this.say('close', await renewed.call(10, Op.Close));
    await renewed.readToEnd();
    const closed = await WireConnection.open(this.port);
    this.lines.push(`closed: ${(await closed.handshake(again)).timeOutMs}`);
    closed.destroy();
    return this.lines;
  }

  /** A session that says nothing is over after its time, by this member alone. */
  async expire(): Promise<void> {
    const client = await WireConnection.openSession(this.port, { timeOutMs: 1000 });
    client.send(request(1, Op.Exists, counted('/nobody'), Buffer.of(0)));
    await client.nextReply();
    expect(await client.readToEnd()).toHaveLength(0);
  }

  private say(what: string, { err, zxid }: Reply, more = ''): void {
    this.lines.push(`${what}: ${err}, ${zxid - this.zxid} zxids${more === '' ? '' : `, ${more}`}`);
    this.zxid = zxid;
  }
}

const UPGRADED = [
  'create: 0, 1 zxids',
  'multi: 0, 1 zxids',
  'multi of an ephemeral: 0, 2 zxids, done',
  'ephemeral: 0, 1 zxids',
  'create2: 0, 1 zxids',
  'no parent: -101, 1 zxids',
  'sync: 0, 0 zxids',
  `elsewhere: ${TIMEOUT_MS}`,
  `here: ${TIMEOUT_MS}`,
  'renewed: 0, 1 zxids',
  'close: 0, 1 zxids',
  'closed: 0',
];
const REFUSED = [
  'create: 0, 1 zxids',
  'multi: 0, 1 zxids',
  'multi of an ephemeral: 0, 1 zxids, failed',
  `ephemeral: ${EPHEMERAL_ON_LOCAL_SESSION}, 1 zxids`,
  `create2: ${EPHEMERAL_ON_LOCAL_SESSION}, 1 zxids`,
  `no parent: ${EPHEMERAL_ON_LOCAL_SESSION}, 1 zxids`,
  'sync: 0, 0 zxids',
  'elsewhere: 0',
  `here: ${TIMEOUT_MS}`,
  `renewed: ${EPHEMERAL_ON_LOCAL_SESSION}, 1 zxids`,
  'close: 0, 0 zxids',
  'closed: 0',
];

const ours: MemberKind = provingAgainstApache ? 'apache' : 'threadkeeper';

/** The last one leads; the first one upgrades sessions, and so does the leader. */
async function ask(kinds: readonly MemberKind[]): Promise<void> {
  const leads = kinds.length;
  const mayUpgrade = (sid: number): boolean => sid === 1 || sid === leads;
  await using ensemble = await EnsembleProcess.start({
    kinds,
    cfg: { tickTime: 500, localSessionsEnabled: 'true' },
    cfgOf: (sid) => ({ localSessionsUpgradingEnabled: String(mayUpgrade(sid)) }),
  });
  const leader = await ensemble.leader();
  const sids = kinds.map((_kind, i) => i + 1);
  const scripts = sids.map((sid) => {
    const other = ensemble.member((sid % leads) + 1).clientPort;
    return new Script(ensemble.member(sid).clientPort, other, String(sid));
  });
  // One after the other: what each costs in zxids is to be seen.
  for (const [i, script] of scripts.entries()) {
    const sid = i + 1;
    const who = `${ensemble.member(sid).kind}, ${sid === leader ? 'leads' : 'follows'}`;
    const answers = await script.run().catch((error: Error) => ensemble.withLogs(error));
    expect([who, ...answers]).toEqual([who, ...(mayUpgrade(sid) ? UPGRADED : REFUSED)]);
  }
  await Promise.all(scripts.map((script) => script.expire()));
  await ensemble.awaitSameZxid();
}

test('ours follow Apache', async () => {
  await ask([ours, ours, 'apache']);
}, 60_000);

test("Apache's follows ours", async () => {
  await ask(['apache', ours]);
}, 60_000);
