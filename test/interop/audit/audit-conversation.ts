/**
 * Everything that leaves a line in an audit log, asked of any server: creates of all kinds, changes, failures, multis, identities,
 * sessions that end with ephemerals. The lines that came of it, without what differs between two servers: session ids are replaced
 * by their order of appearance, the server's own user by a word, and what is written for one session at its end is sorted.
 */
import { createHash } from 'node:crypto';
import { counted, int32, int64, Op, openAcl, WireConnection } from '../../testing/wire-connection.js';

const Operation = {
  ...Op,
  SetAcl: 7,
  Check: 13,
  Create2: 15,
  Reconfig: 16,
  CreateContainer: 19,
  CreateTtl: 21,
  Auth: 100,
} as const;

const Kind = {
  persistent: 0,
  ephemeral: 1,
  sequential: 2,
  ephemeralSequential: 3,
  container: 4,
  ttl: 5,
  sequentialTtl: 6,
};
const READ = 1;
const ALL = 31;
const END_OF_MULTI = Buffer.concat([int32(-1), Uint8Array.of(1), int32(-1)]);

/** One entry of a vector<ACL>, as a whole vector. */
function acl(perms: number, scheme: string, id: string): Buffer {
  return Buffer.concat([int32(1), int32(perms), counted(scheme), counted(id)]);
}

function digestId(user: string, password: string): string {
  return `${user}:${createHash('sha1').update(`${user}:${password}`).digest('base64')}`;
}

function part(op: number, ...body: Uint8Array[]): Buffer {
  return Buffer.concat([int32(op), Uint8Array.of(0), int32(-1), ...body]);
}

export async function talkForAudit(port: number): Promise<void> {
  const a = await WireConnection.openSession(port, { timeOutMs: 30_000 });
  let xid = 0;
  const ask = async (op: number, ...body: Uint8Array[]): Promise<void> => {
    await a.call(++xid, op, ...body);
  };
  const create = (path: string, flags: number, op: number = Op.Create): Promise<void> =>
    ask(op, counted(path), counted('data'), openAcl, int32(flags));

  await create('/a', Kind.persistent);
  await create('/b', Kind.persistent, Operation.Create2);
  await create('/e', Kind.ephemeral);
  await create('/e-s-', Kind.ephemeralSequential);
  await create('/p-s-', Kind.sequential);
  await create('/c', Kind.container, Operation.CreateContainer);
  for (const [path, flags] of [
    ['/t', Kind.ttl],
    ['/t-s-', Kind.sequentialTtl],
  ] as const) {
    await ask(Operation.CreateTtl, counted(path), counted('data'), openAcl, int32(flags), int64(100_000n));
  }
  // Refused.
  await create('/a', Kind.persistent);
  await create('/none/x', Kind.sequential);
  await create('no-slash', Kind.persistent);
  await create('/x', 99);
  await ask(Op.Delete, counted('/nobody'), int32(-1));
  await ask(Op.SetData, counted('/nobody'), counted('x'), int32(-1));
  await ask(Op.SetData, counted('/a'), counted('x'), int32(77));
  await ask(Operation.SetAcl, counted('/nobody'), openAcl, int32(-1));
  await ask(Operation.SetAcl, counted('/a'), acl(ALL, 'unknown', 'x'), int32(-1));
  await ask(Operation.Reconfig, counted(null), counted(null), counted('server.1=localhost:1:2'), int64(-1n));

  // Done.
  await ask(Op.SetData, counted('/a'), counted('x'), int32(-1));
  await ask(Operation.SetAcl, counted('/a'), acl(READ, 'world', 'anyone'), int32(-1));
  await create('/a/below', Kind.persistent);
  const two = Buffer.concat([
    int32(2),
    acl(ALL, 'world', 'anyone').subarray(4),
    acl(9, 'digest', digestId('u', 'p')).subarray(4),
  ]);
  await ask(Operation.SetAcl, counted('/b'), two, int32(-1));
  await ask(Op.Delete, counted('/c'), int32(-1));

  // Reads leave nothing.
  await ask(Op.Exists, counted('/a'), Uint8Array.of(0));
  await ask(Op.GetChildren, counted('/'), Uint8Array.of(0));
  await ask(Op.Sync, counted('/'));

  // Identities.
  await ask(Operation.Auth, int32(0), counted('digest'), counted('bob:secret'));
  await create('/by-bob', Kind.persistent);
  await ask(Operation.Auth, int32(0), counted('digest'), counted('alice:secret'));
  await create('/by-both', Kind.persistent);
  await ask(Operation.SetAcl, counted('/by-both'), acl(ALL, 'auth', ''), int32(-1));

  // Multis.
  const createPart = (path: string, flags: number, op: number = Op.Create): Buffer =>
    part(op, counted(path), counted(''), openAcl, int32(flags));
  await ask(
    Op.Multi,
    createPart('/m', Kind.persistent),
    createPart('/m/s-', Kind.ephemeralSequential),
    createPart('/m/2', Kind.ephemeral, Operation.Create2),
    part(Op.SetData, counted('/m'), counted('v'), int32(-1)),
    part(Operation.Check, counted('/m'), int32(-1)),
    part(Op.Delete, counted('/m/2'), int32(-1)),
    END_OF_MULTI,
  );
  await ask(Op.Multi, createPart('/m2', Kind.persistent), part(Op.Delete, counted('/nobody'), int32(-1)), END_OF_MULTI);
  await ask(Op.Multi, END_OF_MULTI);

  // A second session, closed with ephemerals of its own; a request behind its close; a third that merely breaks.
  const b = await WireConnection.openSession(port, { timeOutMs: 30_000 });
  await b.call(1, Op.Create, counted('/e1'), counted(''), openAcl, int32(Kind.ephemeral));
  await b.call(2, Op.Create, counted('/e2'), counted(''), openAcl, int32(Kind.ephemeral));
  await b.closeSession(3);
  const c = await WireConnection.openSession(port, { timeOutMs: 1 });
  await c.call(1, Op.Create, counted('/e3'), counted(''), openAcl, int32(Kind.ephemeral));
  c.destroy();
  // Whose session expires within its four seconds and a tick: the watch on its node tells.
  await a.call(++xid, Op.Exists, counted('/e3'), Uint8Array.of(1));
  for (;;) {
    const payload = await a.nextFrame(15_000);
    if (payload === null) throw new Error('closed while a session should expire');
    if (payload.readInt32BE(0) === -1) break;
  }
  // The event comes before the line is written.
  await ask(Op.SetData, counted('/p-s-0000000004'), counted('x'), int32(-1));
  await a.closeSession(++xid);
}

/** The messages of an audit log, from whatever text they stand in, comparable. */
export function auditMessages(log: string): string[] {
  const messages = log
    .split('\n')
    .filter((line) => /\boperation=/.test(line) && /\bresult=/.test(line))
    .map((line) => {
      const level = /ERROR/.test(line.slice(0, line.indexOf('='))) ? 'ERROR' : 'INFO';
      const from = Math.min(...['session=', 'user='].map((key) => line.indexOf(key)).filter((at) => at >= 0));
      return `${level} ${line.slice(from)}`;
    });
  const sessions = new Map<string, string>();
  const serverUser = /user=(\S+)\toperation=serverStart/.exec(log)?.[1] ?? '';
  return sortRuns(
    messages.map((message) =>
      message
        .replace(/session=(0x[0-9a-f]+)/, (_all, id: string) => {
          if (!sessions.has(id)) sessions.set(id, `S${sessions.size + 1}`);
          return `session=${sessions.get(id)}`;
        })
        .replace(`user=${serverUser}\t`, 'user=SERVER\t'),
    ),
  );
}

/** Nodes of one session go in no order that is promised. */
function sortRuns(messages: readonly string[]): string[] {
  const sorted: string[] = [];
  let run: string[] = [];
  for (const message of messages) {
    if (message.includes('OnSessionCloseOrExpire')) {
      run.push(message);
      continue;
    }
    sorted.push(...run.sort(), message);
    run = [];
  }
  return [...sorted, ...run.sort()];
}
