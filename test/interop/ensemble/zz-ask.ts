import { EnsembleProcess, type MemberKind } from '../../testing/ensemble-process.js';
import { counted, int32, Op, openAcl, request, WireConnection } from '../../testing/wire-connection.js';

const kinds = (process.argv[2] ?? 'apache,apache,apache').split(',') as MemberKind[];
const leaderUp = process.argv[3] === 'up';
const ensemble = await EnsembleProcess.start({
  kinds,
  cfg: { tickTime: 500, localSessionsEnabled: 'true', '4lw.commands.whitelist': '*', 'admin.enableServer': 'false' },
  cfgOf: (sid) => ({ localSessionsUpgradingEnabled: sid === 1 || (sid === 3 && leaderUp) ? 'true' : 'false' }),
});
const leader = await ensemble.leader();
console.log('leader', leader);
const create = (path: string, flags: number): Buffer =>
  Buffer.concat([counted(path), counted('x'), openAcl, int32(flags)]);
const part = (op: number, body: Buffer): Buffer => Buffer.concat([int32(op), Buffer.from([0]), int32(-1), body]);
const multi = (...parts: Buffer[]): Buffer => Buffer.concat([...parts, int32(-1), Buffer.from([1]), int32(-1)]);
const say = (r: { xid: number; zxid: bigint; err: number; body: Buffer }): string =>
  `xid ${r.xid} zxid ${r.zxid.toString(16)} err ${r.err} ${r.body.toString('hex').slice(0, 120)}`;
for (const sid of [1, 2, 3]) {
  console.log(`--- server ${sid} ${ensemble.member(sid).kind} ${sid === leader ? 'leads' : 'follows'}`);
  const port = ensemble.member(sid).clientPort;
  const c = await WireConnection.open(port);
  const g = await c.handshake({ timeOutMs: 4000 });
  console.log('session', g.sessionId.toString(16), g.timeOutMs);
  console.log('exists', say(await c.call(1, Op.Exists, counted('/nobody'), Buffer.from([0]))));
  console.log('create', say(await c.call(2, Op.Create, create(`/p${sid}`, 0))));
  console.log('multi p', say(await c.call(3, Op.Multi, multi(part(1, create(`/q${sid}`, 0))))));
  console.log(
    'multi e',
    say(await c.call(4, Op.Multi, multi(part(1, create(`/r${sid}`, 0)), part(1, create(`/s${sid}`, 1))))),
  );
  console.log('create e', say(await c.call(5, Op.Create, create(`/e${sid}`, 1))));
  console.log('create2 e', say(await c.call(6, 15, create(`/f${sid}`, 1))));
  console.log('bad parent e', say(await c.call(7, 1, create(`/no/f${sid}`, 1))));
  console.log('sync', say(await c.call(8, Op.Sync, counted('/'))));
  const other = await WireConnection.open(ensemble.member((sid % 3) + 1).clientPort);
  console.log(
    'reopen elsewhere',
    await other.handshake({ sessionId: g.sessionId, password: g.password, timeOutMs: 4000 }).catch(String),
  );
  other.destroy();
  const same = await WireConnection.open(port);
  console.log(
    'reopen here',
    await same.handshake({ sessionId: g.sessionId, password: g.password, timeOutMs: 5000 }).catch(String),
  );
  console.log('old', (await c.readToEnd().catch(String)).toString('hex'));
  try {
    console.log('create e again', say(await same.call(9, Op.Create, create(`/g${sid}`, 1))));
    console.log('close', say(await same.call(10, Op.Close)));
    const x = await WireConnection.open(port);
    const h = await x.handshake({ timeOutMs: 4000 });
    console.log('next session', h.sessionId.toString(16));
    console.log('exists', say(await x.call(1, Op.Exists, counted('/nobody'), Buffer.from([0]))));
    const wasClosed = await WireConnection.open(port);
    console.log(
      'reopen closed',
      await wasClosed.handshake({ sessionId: g.sessionId, password: g.password, timeOutMs: 5000 }).catch(String),
    );
    // pipelined close + create -e
    x.send(
      request(2, Op.Close),
      request(3, Op.Create, create(`/late${sid}`, 0)),
      request(4, Op.Create, create(`/latee${sid}`, 1)),
    );
    console.log('pipelined', (await x.readToEnd().catch(String)).toString('hex'));
    const y = await WireConnection.open(port);
    const t0 = Date.now();
    await y.handshake({ timeOutMs: 1000 });
    console.log(
      'tree',
      (await y.call(1, 8, counted('/'), Buffer.from([0]))).body.toString('latin1').replace(/[^a-z0-9]+/gi, ' '),
    );
    console.log('expiry', (await y.readToEnd(20000).catch(String)).toString('hex'), Date.now() - t0 > 900);
  } catch (e) {
    console.log(String(e));
  }
}
await ensemble[Symbol.asyncDispose]();
