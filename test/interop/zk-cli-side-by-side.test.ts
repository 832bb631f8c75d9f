/**
 * Apache's zkCli and ours, side by side: nearly four hundred command lines typed into both, against our server and against
 * Apache's, and every answer compared line by line, stdout with stdout and stderr with stderr. What ours answers otherwise
 * on purpose, and where release 3.9, which it follows, differs from the installed 3.8, is listed here.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApache } from '../testing/apache-server.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { requireTool } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { type Answer, commandLines, JARS, runApacheCli, runOurCli, typeLines } from './zk-cli/typed-lines.js';

const LINES = commandLines(join(repositoryRoot, 'test/interop/zk-cli/command-lines.txt'));
const CFG = {
  extendedTypesEnabled: 'true',
  // super:test, who may delete what other ACLs protect
  'DigestAuthenticationProvider.superDigest': 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
};

let ours: ServerProcess;
let apaches: ServerProcess;

beforeAll(async () => {
  for (const jar of JARS) requireTool(jar, 'libzookeeper-java libslf4j-java');
  [ours, apaches] = await Promise.all([startThreadkeeper({ cfg: CFG }), startApache({ cfg: CFG })]);
});
afterAll(() => Promise.all([ours?.stop(), apaches?.stop()]));

const server = ({ port }: ServerProcess): string => `127.0.0.1:${port}`;

/** Without what is another in every run: transactions, times, sessions, and the marks that stand in the history. */
function masked(text: string): string {
  return text
    .replace(/Zxid = 0x[0-9a-f]+/g, 'Zxid = Z')
    .replace(/time = \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}$/gm, 'time = T')
    .replace(/ephemeralOwner = 0x[1-9a-f][0-9a-f]*/g, 'ephemeralOwner = S')
    .replace(/^\d+ - (printwatches|redo 999999)\n/gm, '');
}

const GET_38 = 'get [-s] [-w] path\n';
const GET_39 = 'get [-s] [-w] [-b] [-x] path\n';
const SET_38 = 'set [-s] [-v version] path data\n';
const SET_39 = 'set path data [-s] [-v version] [-b]\n';

/** What 3.9 prints where 3.8 printed this. */
function as39(err: string): string {
  if (err === GET_38) {
    const options = [
      ' -b   Output data in base64 format',
      ' -s   Print znode stats additionally',
      ' -w   Watch for changes on the znode',
      ' -x   Output data in hexdump format',
    ];
    return `${GET_39}${options.join('\n')}\n\n`;
  }
  return err.replace(`\t${GET_38}`, `\t${GET_39}`).replace(`\t${SET_38}`, `\t${SET_39}`);
}

function expected({ line, out, err }: Answer, isClosed: boolean): Answer {
  // Apache's printwatches, which is the mark on stdout, says so too when the session is closed.
  const own = isClosed ? out.replace(/^Not connected\n/, '') : out;
  return { line, out: masked(own), err: as39(masked(err)) };
}

/** Apache's answers as ours should be, but for lines that get a usage of set, whose options have texts of our own. */
function expectedAnswers(list: readonly Answer[]): Answer[] {
  const closed = LINES.indexOf('close');
  const connected = LINES.indexOf('connect');
  return list.map((answer, i) => expected(answer, i > closed && i <= connected));
}

function comparable(list: readonly Answer[]): Answer[] {
  return list.map(({ line, out, err }) => {
    const isSetUsage = err === SET_38 || (err.startsWith(SET_39) && err.endsWith('\n\n'));
    return { line, out: masked(out), err: isSetUsage ? 'usage of set' : masked(err) };
  });
}

test.each(['ours', "Apache's"] as const)(
  'every command line is answered as by Apache’s zkCli, at %s',
  async (whose) => {
    const at = server(whose === 'ours' ? ours : apaches);
    const apache = await typeLines(runApacheCli, at, LINES);
    const own = await typeLines(runOurCli, at, LINES);
    expect(LINES.length).toBeGreaterThan(370);
    const same = comparable(expectedAnswers(apache.list));
    for (const [i, answer] of comparable(own.list).entries()) expect(answer).toEqual(same[i]);
    expect(own.code).toBe(apache.code);
  },
);

test('membership, of an ensemble', async () => {
  const [quorum, election, client] = [await freePort(), await freePort(), await freePort()];
  using directory = makeTempDir('side-by-side');
  writeFileSync(join(directory.path, 'myid'), '1\n');
  const cfg = {
    ...CFG,
    initLimit: 10,
    syncLimit: 5,
    reconfigEnabled: 'true',
    standaloneEnabled: 'false',
    clientPort: undefined,
    clientPortAddress: undefined,
    'server.1': `127.0.0.1:${quorum}:${election};127.0.0.1:${client}`,
  };
  await using ensemble = await startThreadkeeper({ cfg, port: client, dataDir: directory.path });
  const lines = commandLines(join(repositoryRoot, 'test/interop/zk-cli/reconfig-lines.txt'));
  const apache = await typeLines(runApacheCli, server(ensemble), lines);
  const own = await typeLines(runOurCli, server(ensemble), lines);
  // The version is a zxid; and Debian has mended a word in a sentence of Apache's.
  const comparableText = (text: string): string =>
    masked(text)
      .replace(/^(version=)?1[0-9a-f]{8}\b/gm, '$1V')
      .replace('last committed config', 'last commmitted config');
  const texts = (list: readonly Answer[]): unknown[] =>
    list.map(({ line, out, err }) => [line, comparableText(out), comparableText(err)]);
  expect(texts(own.list)).toEqual(texts(apache.list));
  expect(own.code).toBe(apache.code);
});

/** Lines to which ours answers something else than Apache's, on purpose: stdout and stderr of ours, and what Apache's does. */
const DIFFERENT: readonly (readonly [line: string, out: string, err: string, apaches: string])[] = [
  ['get -s /d watch', 'x\n…', "'get path [watch]' has been deprecated.…", 'takes the option for the path'],
  ['ls -s /d watch', '[e]\n…', "'ls path [watch]' has been deprecated.…", 'takes the option for the path'],
  ['redo x', '', 'For input string: "x"\n', 'dies of NumberFormatException'],
  ['set -v x /d y', '', 'For input string: "x"\n', 'dies'],
  ['set -v 99999999999 /d y', '', 'For input string: "99999999999"\n', 'dies'],
  ['delete -v x /d', '', 'For input string: "x"\n', 'dies'],
  ['setAcl -v x /d world:anyone:r', '', 'For input string: "x"\n', 'dies'],
  ['addWatch d', '', 'Path must start with / character\n', 'dies of IllegalArgumentException'],
  ['get -b /d', 'eA==\n', '', '3.8: Unrecognized option: -b'],
  ['set /d eHk= -b', '', '', '3.8: Unrecognized option: -b'],
  ['get /d', 'xy\n', '', ''],
  ['set -b /d no-base64', '', '-b: the data is not base64\n', '3.8: Unrecognized option: -b'],
  ['get /d', 'xy\n', '', ''],
];

test('what ours answers otherwise', async () => {
  const lines = ['create /d x', 'create /d/e', ...DIFFERENT.map(([line]) => line), 'deleteall /d'];
  const { list } = await typeLines(runOurCli, server(ours), lines);
  for (const [i, [line, out, err]] of DIFFERENT.entries()) {
    const answer = list[i + 2] as Answer;
    const seen = (text: string, want: string): string =>
      want.endsWith('…') && text.startsWith(want.slice(0, -1)) ? want : text;
    expect([line, seen(answer.out, out), seen(answer.err, err)]).toEqual([line, out, err]);
  }
});

test('exit codes and streams of single commands', async () => {
  const nobody = `127.0.0.1:${await freePort()}`;
  const calls: readonly (readonly string[])[] = [
    ['-server', server(ours), 'nonsense'],
    ['-server', server(ours), '-nonsense', 'ls', '/zookeeper'],
    ['-timeout', '500', '-server', nobody, '-waitforconnection', 'ls', '/'],
    ['-client-configuration', '/nonexistent/file', 'ls', '/'],
    ['-server', server(ours), 'ls', '/nonexistent', '-server'],
  ];
  const ends = async (run: typeof runOurCli): Promise<unknown[]> =>
    Promise.all(
      calls.map(async (args) => {
        const { code, stdout, stderr } = await run(args);
        const said = stdout.split('\n').filter((line) => !/^(WATCHER::|WatchedEvent .*|)$/.test(line));
        return { args, code, said, complains: stderr !== '' };
      }),
    );
  expect(await ends(runOurCli)).toEqual(await ends(runApacheCli));
});
