/** The interpreter on a scripted connection: what each command asks for, prints and leaves as exit code. */
import { beforeEach, expect, test } from 'vitest';
import { usageBlock } from '../../../src/cli/zk-cli/command-table.js';
import { complete } from '../../../src/cli/zk-cli/completer.js';
import { Interpreter } from '../../../src/cli/zk-cli/interpreter.js';
import type { JuteWriter } from '../../../src/jute/jute-writer.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { decodeMultiRequest, encodeMultiResponse } from '../../../src/protocol/multi.js';
import { OpCode, opName } from '../../../src/protocol/op-code.js';
import {
  encodeCreateResponse,
  encodeGetChildrenResponse,
  encodeGetDataResponse,
} from '../../../src/protocol/replies.js';
import { encodeStat } from '../../../src/protocol/stat.js';
import { STAT } from '../client/canned-replies.js';
import { FakeWorld, notification, reply, settled } from '../client/fake-world.js';
import { RecordingTerminal } from './recording-terminal.js';

let terminal: RecordingTerminal;
let worlds: FakeWorld[];
let interpreter: Interpreter;

beforeEach(async () => {
  terminal = new RecordingTerminal();
  worlds = [];
  interpreter = new Interpreter(
    terminal,
    (server, watcher) => {
      const world = new FakeWorld(server, { watcher });
      worlds.push(world);
      world.accept();
      return world.zk;
    },
    'h:1',
  );
  await interpreter.connect('h:1');
  await settled();
  terminal.take();
});

type Answer = number | ((w: JuteWriter) => void);

/** Runs the line, answering its requests one by one; returns the requests as text, and keeps what was printed. */
async function run(line: string, ...answers: Answer[]): Promise<string[]> {
  const world = worlds.at(-1) as FakeWorld;
  const asked: string[] = [];
  let isRunning = true;
  const done = interpreter.runLine(line).finally(() => {
    isRunning = false;
  });
  for (let round = 0; isRunning && round < 20; round++) {
    await settled();
    world.runTurns();
    for (const r of world.connection.takeFrames()) {
      const xid = r.readInt();
      const type = opName(r.readInt());
      if (type === 'closeSession' || type === 'auth' || type === 'whoAmI') asked.push(type);
      else if (type === 'multi')
        asked.push(
          `multi ${decodeMultiRequest(r)
            .map((op) => op.request.path)
            .join(' ')}`,
        );
      else asked.push(`${type} ${r.readUstring()}`);
      if (type === 'auth') continue;
      const answer = answers.shift() ?? 0;
      world.connection.answer(typeof answer === 'number' ? reply(xid, 9n, answer) : reply(xid, 9n, 0, answer));
    }
  }
  await done;
  await settled();
  return asked;
}

const data =
  (text: string | null): Answer =>
  (w) =>
    encodeGetDataResponse(w, { data: text === null ? null : Buffer.from(text), stat: STAT });
const path =
  (text: string): Answer =>
  (w) =>
    encodeCreateResponse(w, { path: text });
const children =
  (...names: string[]): Answer =>
  (w) =>
    encodeGetChildrenResponse(w, { children: names });
const childrenAndStat =
  (...names: string[]): Answer =>
  (w) => {
    encodeGetChildrenResponse(w, { children: names });
    encodeStat(w, STAT);
  };
const stat: Answer = (w) => encodeStat(w, STAT);

test('results go to stdout, announcements and errors to stderr, and the last command leaves the exit code', async () => {
  expect(await run('create /a x', path('/a'))).toEqual(['create /a']);
  expect(terminal.take()).toEqual(['err Created /a']);
  await run('get /a', data('x'));
  expect(terminal.take()).toEqual(['out x']);
  expect(interpreter.exitCode).toBe(0);
  await run('get /b', ErrorCode.NoNode);
  expect(terminal.take()).toEqual(['err Node does not exist: /b']);
  expect(interpreter.exitCode).toBe(1);
  await run('');
  await run('   ');
  expect(interpreter.exitCode).toBe(1);
  await run('get /a', data(null));
  expect(terminal.take()).toEqual(['out null']);
  expect(interpreter.exitCode).toBe(0);
});

test('the prompt counts commands, not empty lines', async () => {
  expect(interpreter.prompt).toBe('[zk: h:1(CONNECTED) 0] ');
  await run('printwatches');
  await run('');
  expect(interpreter.prompt).toBe('[zk: h:1(CONNECTED) 1] ');
});

test.each([
  ['create', 'create [-s] [-e] [-c] [-t ttl] path [data] [acl]'],
  ['create b', 'Path must start with / character'],
  ['create -t x /t', '-t argument must be a long value'],
  ['create -t 0 /t', 'ttl must be positive and cannot be larger than: 1099511627775'],
  ['create -t 1099511627776 /t', 'ttl must be positive and cannot be larger than: 1099511627775'],
  ['create -t 5 -e /t', 'TTLs cannot be used with Ephemeral znodes'],
  ['create -t 5 -c /t', 'TTLs cannot be used with Container znodes'],
  ['create -cs /t', '-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.'],
  ['create -ce /t', '-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.'],
  ['delete', 'delete [-v version] path'],
  ['delete -v x /a', 'For input string: "x"'],
  ['deleteall', 'deleteall path [-b batch size]'],
  ['deleteall -b x /a', '-b argument must be an int value'],
  ['getAcl', 'getAcl [-s] path'],
  ['setAcl /a', 'setAcl [-s] [-v version] [-R] path acl'],
  ['stat', 'stat [-w] path'],
  ['sync', 'sync path'],
  ['sync a', 'Path must start with / character'],
  ['addauth', 'addauth scheme auth'],
  ['ls', 'ls [-s] [-w] [-R] path'],
  ['ls -z /', 'org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -z'],
])('%j asks nothing and fails: %s', async (line, sentence) => {
  expect(await run(line)).toEqual([]);
  expect(terminal.take()).toEqual([`err ${sentence}`]);
  expect(interpreter.exitCode).toBe(1);
});

test('commands with documented options list them, and an empty line', async () => {
  await run('get');
  expect(terminal.take()).toEqual([
    'err get [-s] [-w] [-b] [-x] path\n' +
      ' -b   Output data in base64 format\n' +
      ' -s   Print znode stats additionally\n' +
      ' -w   Watch for changes on the znode\n' +
      ' -x   Output data in hexdump format\n',
  ]);
  await run('set /a');
  expect(terminal.take().join()).toMatch(/^err set path data \[-s\] \[-v version\] \[-b\]\n -b .*\n -s .*\n -v .*\n$/);
});

test('an unknown command gets the usage and 127', async () => {
  await run('foo');
  expect(terminal.take()).toEqual([`err ${usageBlock()}`, 'err Command not found: Command not found foo']);
  expect(interpreter.exitCode).toBe(127);
});

test('there is no help: it is an unknown command, and those get the usage', async () => {
  await run('help');
  expect(terminal.take()).toEqual([`err ${usageBlock()}`, 'err Command not found: Command not found help']);
  expect(interpreter.exitCode).toBe(127);
});

test('the usage block names every command once, sorted as Java sorts', () => {
  const [head, ...lines] = usageBlock().split('\n');
  expect(head).toBe('ZooKeeper -server host:port -client-configuration properties-file cmd args');
  const names = lines.map((line) => /^\t(\w+) /.exec(line)?.[1]);
  expect(names).toEqual([...new Set(names)].sort());
  expect(lines).toContain('\tclose ');
  expect(lines).toContain('\tget [-s] [-w] [-b] [-x] path');
});

test('ls sorts, in one line; with -s the stat follows', async () => {
  await run('ls /a', childrenAndStat('b', 'B', 'a10', 'a9'));
  expect(terminal.take()).toEqual(['out [B, a10, a9, b]']);
  await run('ls -s /a', childrenAndStat());
  expect(terminal.take()[1]).toContain('cZxid = 0x3');
});

test('ls -R prints the children of a node before what is below them', async () => {
  const asked = await run('ls -R /', children('z', 'a'), children('c'), children('y'), children(), children());
  expect(terminal.take()).toEqual(['out /', 'out /a', 'out /z', 'out /a/c', 'out /z/y']);
  expect(asked).toEqual(['/', '/a', '/z', '/a/c', '/z/y'].map((node) => `getChildren ${node}`));
});

test('the old third word warns, and watches', async () => {
  await run('ls /a true', childrenAndStat());
  expect(terminal.take()[0]).toBe("err 'ls path [watch]' has been deprecated. Please use 'ls [-w] path' instead.");
  worlds[0]?.connection.answer(notification(4, '/a', 12n));
  await settled();
  expect(terminal.take()).toEqual([
    'out \nWATCHER::\n\nWatchedEvent state:SyncConnected type:NodeChildrenChanged path:/a zxid: 12',
  ]);
});

test('delete ignores the old third word, but says so', async () => {
  await run('delete /a 3');
  expect(terminal.take()).toEqual([
    "err 'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.",
  ]);
  expect(interpreter.exitCode).toBe(0);
});

test('a bad ACL is named twice, one without any good entry has no path', async () => {
  await run('create /c d foo:x:r', ErrorCode.InvalidACL);
  expect(terminal.take()).toEqual(['err KeeperErrorCode = InvalidACL for /c', 'err Acl is not valid : /c']);
  expect(await run('setAcl /c foo')).toEqual([]);
  expect(terminal.take()).toEqual(['err foo does not have the form scheme:id:perm', 'err Acl is not valid : null']);
});

test('deleteall deletes leaves first, in batches; a refused batch is told and is no exit code', async () => {
  const deleted: Answer = (w) =>
    encodeMultiResponse(w, [
      { type: OpCode.delete, response: null },
      { type: OpCode.delete, response: null },
    ]);
  const refused: Answer = (w) =>
    encodeMultiResponse(w, [
      { type: OpCode.error, response: { err: ErrorCode.NotEmpty } },
      { type: OpCode.error, response: { err: ErrorCode.RuntimeInconsistency } },
    ]);
  const asked = await run(
    'deleteall -b 2 /a',
    children('b', 'c'),
    children('d'),
    children(),
    children(),
    refused,
    deleted,
  );
  expect(asked).toEqual([
    'getChildren /a',
    'getChildren /a/b',
    'getChildren /a/c',
    'getChildren /a/b/d',
    'multi /a/b/d /a/c',
    'multi /a/b /a',
  ]);
  expect(terminal.take()).toEqual(['err Failed to delete some node(s) in the subtree!']);
  expect(interpreter.exitCode).toBe(0);
});

test('sync tells its outcome on stdout and is never an error', async () => {
  await run('sync /a', path('/a'));
  await run('sync /a', ErrorCode.NoAuth);
  expect(terminal.take()).toEqual(['out Sync is OK', 'out Sync has failed. rc=-102']);
  expect(interpreter.exitCode).toBe(0);
});

test('setAcl -R goes on after a node that refuses', async () => {
  const asked = await run('setAcl -R /a world:anyone:r', children('b'), children(), ErrorCode.NoAuth, stat);
  expect(asked).toEqual(['getChildren /a', 'getChildren /a/b', 'setACL /a', 'setACL /a/b']);
  expect(terminal.take()).toEqual(['raw KeeperErrorCode = NoAuth for /a']);
  expect(interpreter.exitCode).toBe(0);
});

test('history shows the last eleven, the history itself included', async () => {
  for (let i = 0; i < 12; i++) await run(`printwatches on${i}`);
  await run('history');
  const lines = terminal.take();
  expect(lines.length).toBe(11);
  expect([lines[0], lines[10]]).toEqual(['out 2 - printwatches on2', 'out 12 - history']);
});

test('redo runs a line again and takes its place in the history', async () => {
  await run('get /a', data('x'));
  await run('redo 0', data('y'));
  await run('redo');
  await run('redo 2');
  await run('redo 4');
  await run('redo -1');
  await run('redo x');
  await run('history');
  expect(terminal.take()).toEqual([
    'out x',
    'out y',
    'err No redoing redos',
    'err Command index out of range',
    'err Command index out of range',
    'err For input string: "x"',
    'out 0 - get /a',
    'out 1 - get /a',
    'out 2 - redo',
    'out 3 - redo 2',
    'out 4 - redo 4',
    'out 5 - redo -1',
    'out 6 - redo x',
    'out 7 - history',
  ]);
});

test('printwatches switches events off and on', async () => {
  const world = worlds[0] as FakeWorld;
  await run('printwatches off');
  await run('printwatches');
  world.connection.handlers.onClose(new Error('gone'));
  await settled();
  expect(terminal.take()).toEqual(['out printwatches is off']);
  await run('printwatches on');
  world.advanceToDial();
  world.accept();
  await settled();
  expect(terminal.take()).toEqual(['out \nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null zxid: -1']);
});

test('after close only what needs no session works', async () => {
  expect(await run('close')).toEqual(['closeSession']);
  terminal.take();
  for (const line of ['ls /', 'create', 'version', 'close']) await run(line);
  expect(terminal.take()).toEqual(Array(4).fill('out Not connected'));
  expect(interpreter.exitCode).toBe(0);
  expect(interpreter.prompt).toBe('[zk: h:1(CLOSED) 5] ');
  await run('connect i:2');
  await settled();
  expect(interpreter.prompt).toBe('[zk: i:2(CONNECTED) 6] ');
  expect(worlds.length).toBe(2);
});

test('connect closes the session there was', async () => {
  expect(await run('connect')).toEqual(['closeSession']);
  expect(worlds[0]?.zk.state).toBe('CLOSED');
  expect(worlds.length).toBe(2);
});

test('quit closes, and leaves the exit code of the command before it', async () => {
  await run('get /b', ErrorCode.NoNode);
  expect(await run('quit')).toEqual(['closeSession']);
  expect(interpreter.isDone).toBe(true);
  expect(interpreter.exitCode).toBe(1);
});

test('addauth is silent and not waited for', async () => {
  expect(await run('addauth digest u:p')).toEqual(['auth']); // which is never answered here
  await run('history');
  expect(terminal.take()).toEqual(['out 0 - addauth digest u:p', 'out 1 - history']);
});

test('completion offers commands, or the children of the last word', async () => {
  expect(await complete('pri', interpreter.session)).toEqual([['printwatches'], 'pri']);
  const offered = complete('get -s /app/b', interpreter.session);
  const world = worlds[0] as FakeWorld;
  world.runTurns();
  world.connection.answer(reply(1, 9n, 0, (w) => encodeGetChildrenResponse(w, { children: ['bz', 'a', 'ba'] })));
  expect(await offered).toEqual([['/app/ba', '/app/bz'], '/app/b']);
  expect(await complete('ls /', null)).toEqual([[], '/']);
});

// ---- watches, identities, configuration --------------------------------------------------------------------------

const nothing: Answer = () => {};
const watchAdded: Answer = (w) => w.writeInt(0);

test('addWatch and removewatches: silent, but for the event that says a watch is gone', async () => {
  expect(await run('addWatch /a', watchAdded)).toEqual(['addWatch /a']);
  expect(await run('addWatch -m persistent /a', watchAdded)).toEqual(['addWatch /a']);
  expect(await run('get -w /a', data('x'))).toEqual(['getData /a']);
  terminal.take();
  expect(await run('removewatches /a -d', nothing)).toEqual(['removeWatches /a']);
  expect(terminal.take()).toEqual([
    'out \nWATCHER::\n\nWatchedEvent state:SyncConnected type:DataWatchRemoved path:/a zxid: -1',
  ]);
  await run('removewatches -r /a', nothing);
  await run('removewatches /a', nothing);
  expect(terminal.take()).toEqual([
    'out \nWATCHER::\n\nWatchedEvent state:SyncConnected type:PersistentWatchRemoved path:/a zxid: -1',
    'out \nWATCHER::\n\nWatchedEvent state:SyncConnected type:PersistentWatchRemoved path:/a zxid: -1',
  ]);
  await run('removewatches /a -c -d', ErrorCode.NoWatcher);
  expect(terminal.take()).toEqual(['err KeeperErrorCode = No such watcher for /a']);
});

const ADD_WATCH =
  'addWatch [-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE';
const RECONFIG =
  'reconfig [-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | ' +
  '[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]';
const GROUP = (second: string, first: string): string =>
  `org.apache.commons.cli.AlreadySelectedException: The option '${second}' was specified but an option from this ` +
  `group has already been selected: '${first}'`;

test.each([
  ['addWatch', ADD_WATCH],
  ['addWatch /a /b', ADD_WATCH],
  ['addWatch -m sometimes /a', ADD_WATCH],
  ['removewatches', 'removewatches path [-c|-d|-a] [-l]'],
  ['removewatches -z /a', 'org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -z'],
  ['getAllChildrenNumber', 'getAllChildrenNumber path'],
  ['listquota', 'listquota path'],
  ['delquota', 'delquota [-n|-b|-N|-B] path'],
  ['delquota -n -b /a', GROUP('b', 'n')],
  ['setquota -n 2', 'setquota -n|-b|-N|-B val path'],
  ['setquota -B 1 -n 2 /a', GROUP('n', 'B')],
  [
    'setquota /a',
    'org.apache.commons.cli.MissingOptionException: Missing required option: ' +
      '[-n num soft quota, -b bytes soft quota, -N num hard quota, -B bytes hard quota]',
  ],
  ['version now', 'version '],
  ['reconfig', RECONFIG],
  ['reconfig -s', RECONFIG],
  ['reconfig -add', 'org.apache.commons.cli.MissingArgumentException: Missing argument for option: add'],
  ['reconfig -v -add 1=a', 'org.apache.commons.cli.MissingArgumentException: Missing argument for option: v'],
  ['reconfig -v 0x1 -remove 1', '-v must be followed by a long (configuration version)'],
  ['reconfig -v ffffffffffffffff -remove 1', '-v must be followed by a long (configuration version)'],
  [
    'reconfig -members 1=a -remove 2',
    "Can't use -file or -members together with -add or -remove (mixing incremental and non-incremental modes is not allowed)",
  ],
  ['reconfig -members 1=a -file b', "Can't use -file and -members together (conflicting non-incremental modes)"],
  ['reconfig -file /no/such', 'Error processing /no/such/no/such (No such file or directory)'],
])('%s fails with a sentence and asks for nothing', async (line, sentence) => {
  expect(await run(line)).toEqual([]);
  expect(terminal.take()).toEqual([`err ${sentence}`]);
  expect(interpreter.exitCode).toBe(1);
});

test.each([
  ['setquota -n 0 /a', 'the num quota must be greater than zero'],
  ['setquota -N -3 /a', 'the num quota must be greater than zero'],
  ['setquota -b -1 /a', 'the bytes quota must be greater than or equal to zero'],
  ['setquota -n 99999999999 /a', 'NumberFormatException happens when parsing the option value'],
  ['setquota -B many /a', 'NumberFormatException happens when parsing the option value'],
  ['setquota -n 1 /zookeeper/quota/a', 'cannot set a quota under the path: /zookeeper/quota'],
])('%s is answered with a sentence, and is no failure', async (line, sentence) => {
  expect(await run(line)).toEqual([]);
  expect(terminal.take()).toEqual([`err ${sentence}`]);
  expect(interpreter.exitCode).toBe(0);
});

test('whoami, getEphemerals, getAllChildrenNumber', async () => {
  await run('whoami', (w) => {
    w.startVector(2);
    for (const text of ['ip', '127.0.0.1', 'digest', 'u']) w.writeUstring(text);
  });
  expect(terminal.take()).toEqual(['out Auth scheme: User\nip: 127.0.0.1\ndigest: u']);
  expect(await run('getEphemerals', children('/b', '/a'))).toEqual(['getEphemerals /']);
  expect(await run('getEphemerals /x', children())).toEqual(['getEphemerals /x']);
  expect(terminal.take()).toEqual(['out [/b, /a]', 'out []']);
  await run('getAllChildrenNumber /a', (w) => w.writeInt(7));
  expect(terminal.take()).toEqual(['out 7']);
});

const CONFIG =
  'server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181\nserver.2=127.0.0.1:2889:3889:participant;[::1]:2182\n' +
  'server.3=h:1:2:observer;2183\nserver.4=h:1:2\nversion=100000000';

test('config: as it is, or what a client needs of it', async () => {
  expect(await run('config', data(CONFIG))).toEqual(['getData /zookeeper/config']);
  expect(terminal.take()).toEqual([`out ${CONFIG}`]);
  await run('config -c', data(CONFIG));
  expect(terminal.take()).toEqual(['out 100000000 [::1]:2182,127.0.0.1:2181,0.0.0.0:2183']);
  await run('config', data(''));
  await run('config -c', data(''));
  expect(terminal.take()).toEqual(['out ', 'out  ']);
});

test('reconfig: lists in lower case, the version in hexadecimal, the new configuration on stdout', async () => {
  expect(await run('reconfig -add SERVER.5=H:1:2;3 -remove 1,2 -v 1f', data(CONFIG))).toEqual([
    'reconfig server.5=h:1:2;3',
  ]);
  expect(terminal.take()).toEqual([`out Committed new configuration:\n${CONFIG}`]);
  await run('reconfig -members=1=a', ErrorCode.ReconfigInProgress);
  expect(terminal.take()).toEqual([
    'err Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)',
  ]);
});
