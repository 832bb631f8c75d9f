// The server as it runs: its modules in a few files instead of 250, because finding and compiling each by itself was a
// third of a start. `npm run build` makes dist/bundle/server/ from what tsc left in dist/src.
//
// All files lie in one directory as deep as dist/src/server, so that `new URL('./x.js', import.meta.url)` and paths to the
// package's root mean the same in both; the entries of the layer above, in one beside it. Every module that is started by
// its address (a worker, a piscina task) is an entry here; test/tidy.test.ts sees to it. piscina and pino stay outside: they
// start workers of their own, from their own files; prom-client, because only some servers ever load it.
import { chmodSync } from 'node:fs';
import { basename } from 'node:path';
import { defineConfig, type Plugin, type RolldownOptions } from 'rolldown';

/** What a start loads. */
const SERVER = [
  'server/quorum-peer-main.js',
  'server/actor-factory.js',
  'server/member-factory.js',
  'server/log-thread.js',
  'actor/worker-entry.js',
];
/**
 * What is loaded later, if at all: tasks with a thread of their own each, and the AdminServer. They get copies of what they
 * share with the server, which without them falls into a third of the files. A copy is another class to `instanceof` and
 * another state: the AdminServer is given everything that has one.
 */
const LATER = [
  'server/snapshot-task.js',
  'server/restore-task.js',
  'server/purge-task.js',
  'server/read-ahead-task.js',
  'server/prometheus-thread.js',
  'admin/admin-server.js',
];

/** zkCli: whoever types a command waits for its start, most of which was finding its eighty modules. */
const COMMAND_LINE = ['cli/zk-cli.js'];

/** The server as a module of another program, which must not change how the one in a process of its own is cut up. */
const EMBEDDED = ['server/start-server.js'];

/** Which directory of dist/bundle an entry goes to, where that is not the server's. */
const DIRECTORIES: Readonly<Record<string, string>> = { 'admin-server': 'admin', 'zk-cli': 'cli' };

/** A bin is run by its name; npm sees to that where it installs, and not in a checkout that is built again. */
const EXECUTABLE: Plugin = {
  name: 'executable',
  writeBundle: ({ dir }, files) => {
    for (const file of Object.values(files)) {
      if (file.type === 'chunk' && file.code.startsWith('#!')) chmodSync(`${dir}/${file.fileName}`, 0o755);
    }
  },
};

function bundle(entries: readonly string[], chunkPrefix: string, cleanDir: boolean): RolldownOptions {
  return {
    input: Object.fromEntries(entries.map((entry) => [basename(entry, '.js'), `dist/src/${entry}`])),
    platform: 'node',
    external: ['pino', 'piscina', 'prom-client'],
    plugins: [EXECUTABLE],
    output: {
      dir: 'dist/bundle',
      format: 'esm',
      cleanDir,
      entryFileNames: ({ name }) => `${DIRECTORIES[name] ?? 'server'}/[name].js`,
      chunkFileNames: `server/${chunkPrefix}[name]-[hash].js`,
    },
    logLevel: 'warn',
  };
}

export default defineConfig([
  bundle(SERVER, '', true),
  bundle(LATER, 'later-', false),
  bundle(COMMAND_LINE, 'cli-', false),
  bundle(EMBEDDED, 'embedded-', false),
]);
