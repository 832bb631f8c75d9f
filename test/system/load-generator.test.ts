/**
 * The benchmark's load generator must not print a figure for a server that answers wrongly. A made-up server answers one
 * way wrong at a time; the generator has to end with its check code (3) and name the fault, and to measure the honest one.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool, type ToolRun } from '../testing/run-tool.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { counted, frame, int32, int64, Op } from '../testing/wire-connection.js';

const DEADLINE_MS = 30_000;
const dir = makeTempDir('load-generator');
const program = join(dir.path, 'load');

beforeAll(async () => {
  const source = join(repositoryRoot, 'bench/load/load.c');
  const run = await runTool('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-pthread', '-o', program, source], {
    deadlineMs: DEADLINE_MS,
  });
  if (run.code !== 0) throw new Error(`cc failed: apt-get install gcc libc6-dev\n${run.stderr}`);
});

afterAll(() => dir.remove());

interface FakeNode {
  data: Buffer;
  mzxid: bigint;
}

/** Where the made-up server lies; each gives back what it answers in place of the truth. */
interface Lies {
  xid?: (xid: number) => number;
  zxid?: (zxid: bigint) => bigint;
  err?: (op: number) => number;
  /** Of a getData reply. */
  data?: (data: Buffer) => Buffer;
  /** Applied to the store, not to the reply: a write that is acknowledged and lost. */
  keepsWrites?: boolean;
  createdPath?: (path: string) => string;
}

let server: Server | null = null;
afterEach(() => {
  server?.close();
  server = null;
});

class FakeServer {
  private readonly nodes = new Map<string, FakeNode>();
  private readonly lies: Lies;
  private zxid = 1n;

  constructor(lies: Lies) {
    this.lies = lies;
  }

  serve(socket: Socket): void {
    let rest = Buffer.alloc(0);
    let hasSession = false;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      const answers: Buffer[] = [];
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const payload = rest.subarray(4, 4 + rest.readInt32BE(0));
        rest = rest.subarray(4 + payload.length);
        answers.push(hasSession ? this.answer(payload) : FakeServer.grant());
        hasSession = true;
      }
      socket.write(Buffer.concat(answers));
    });
  }

  private static grant(): Buffer {
    return frame(int32(0), int32(10_000), int64(1n), counted(Buffer.alloc(16)), Uint8Array.of(0));
  }

  private answer(payload: Buffer): Buffer {
    const xid = payload.readInt32BE(0);
    const op = payload.readInt32BE(4);
    const body = op === Op.Close ? Buffer.alloc(0) : this.execute(op, payload.subarray(8));
    const { lies } = this;
    const err = lies.err?.(op) ?? 0;
    const header = [int32(lies.xid?.(xid) ?? xid), int64(lies.zxid?.(this.zxid) ?? this.zxid), int32(err)];
    return frame(...header, err === 0 ? body : Buffer.alloc(0));
  }

  private execute(op: number, request: Buffer): Buffer {
    const path = request.subarray(4, 4 + request.readInt32BE(0)).toString();
    const rest = request.subarray(4 + path.length);
    const node = this.nodes.get(path);
    if (op === Op.GetData) {
      const { data, mzxid } = node as FakeNode;
      const told = this.lies.data?.(data) ?? data;
      return Buffer.concat([counted(told), FakeServer.stat(data.length, mzxid)]);
    }
    this.zxid++;
    const data = Buffer.from(rest.subarray(4, 4 + rest.readInt32BE(0)));
    if (node === undefined || this.lies.keepsWrites !== false) this.nodes.set(path, { data, mzxid: this.zxid });
    if (op === Op.Create) return counted(this.lies.createdPath?.(path) ?? path);
    return FakeServer.stat(data.length, this.zxid);
  }

  private static stat(dataLength: number, mzxid: bigint): Buffer {
    const stat = Buffer.alloc(68);
    stat.writeBigInt64BE(mzxid, 8);
    stat.writeInt32BE(dataLength, 52);
    return stat;
  }
}

async function load(lies: Lies, workload: string, ...more: string[]): Promise<ToolRun> {
  const fake = new FakeServer(lies);
  const listening = createServer((socket) => fake.serve(socket));
  server = listening;
  const port = await new Promise<number>((resolve) =>
    listening.listen(0, '127.0.0.1', () => resolve((listening.address() as { port: number }).port)),
  );
  const fixed = ['--setup', '--nodes', '50', '--connections', '2', '--outstanding', '8', '--deadline', '20'];
  const args = ['--port', String(port), '--workload', workload, ...fixed, ...more];
  return await runTool(program, args, { deadlineMs: DEADLINE_MS });
}

test.for(['get', 'set', 'create', 'mixed'])('an honest server is measured: %s', async (workload) => {
  const run = await load({}, workload, '--operations', '500');
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const result = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  expect(result).toMatchObject({ event: 'result', operations: 500, latencyUs: { all: { count: 500 } } });
});

test('an open loop issues at its rate and ends with its time', async () => {
  const run = await load({}, 'mixed', '--rate', '1000', '--seconds', '0.5', '--fanout', '10');
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const result = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '') as { operations: number };
  expect(result.operations).toBe(500);
});

/** Tells the truth so many times, then lies. */
function after<T>(count: number, lie: (value: T) => T): (value: T) => T {
  let calls = 0;
  return (value) => (++calls > count ? lie(value) : value);
}

const FAULTS: [fault: string, workload: string, lies: Lies, complaint: RegExp][] = [
  ['replies in the wrong order', 'get', { xid: after(100, (xid) => xid + 1) }, /reply with xid \d+, \d+ was due/],
  ['an error', 'set', { err: (op) => (op === Op.SetData ? -101 : 0) }, /failed with -101/],
  ['a zxid that falls', 'mixed', { zxid: after(100, (zxid) => zxid - 40n) }, /zxid fell/],
  ['a zxid given twice', 'set', { zxid: after(60, () => 60n) }, /two writes share|does not fit|zxid fell/],
  [
    'one wrong bit',
    'get',
    { data: (data) => Buffer.from(data.map((byte, i) => (i === 70 ? byte ^ 1 : byte))) },
    /not what any writer wrote/,
  ],
  [
    'the data of another node',
    'get',
    { data: (data) => Buffer.from(data.map((byte, i) => (i === 3 ? byte ^ 1 : byte))) },
    /not what any writer wrote/,
  ],
  ['data cut short', 'get', { data: (data) => data.subarray(0, 50) }, /getData reply of \d+ bytes/],
  ['a lost write', 'mixed', { keepsWrites: false }, /does not see this connection's own write/],
  ['another path than was created', 'create', { createdPath: (path) => path.replace('0', '1') }, /another path/],
];

test.for(FAULTS)('%s: no figure', async ([, workload, lies, complaint]) => {
  const run = await load(lies, workload, '--operations', '2000');
  expect(run.stderr).toMatch(complaint);
  expect(run.code).toBe(3);
  expect(run.stdout).not.toContain('result');
});
