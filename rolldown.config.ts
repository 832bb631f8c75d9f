// The server as it runs: what a thread runs is one file, a program, instead of 250 modules, because finding and compiling each by
// itself was a third of a start. `npm run build` makes dist/bundle/ from what tsc left in dist/src.
//
//   server/quorum-peer-main.js         runs quorum-peer-main.program.js with the code V8 has made of it (src/launch)
//   server/worker-entry.js             the same for a worker: the program has the name of its actor factory
//   server/*.program.js                all modules of a thread; what a program loads later, if at all, lies beside it
//   server/<task>.js, admin/, cli/     tasks with a thread of their own, the AdminServer, zkCli: one file each
//   code-cache/                        made by prime-code-cache.js, or by the first start
//
// All of these are what `require` loads: the cache needs it, and Node's loader of ES modules costs a start 5 ms more. Programs share no
// files, so within one nothing is looked up in another's exports, which a request would pay for. Files of the server lie as
// deep as dist/src/server, so that `new URL('./x.js', import.meta.url)` and paths to the package's root mean the same in both. Every
// module that is started by its address (a worker, a piscina task) has its file here; test/tidy.test.ts sees to it. piscina
// stays outside: it starts workers of its own, from its own files; prom-client, because only some servers ever load it.
import { chmodSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { defineConfig, type OutputOptions, type Plugin, type RolldownOptions } from 'rolldown';

/** What begins on the main thread and on a worker's, and finds the program. */
const LAUNCHERS = ['launch/quorum-peer-main.js', 'launch/worker-entry.js'];
const MAIN_PROGRAM = 'server/quorum-peer-main.js';
/** Each with what every worker does (src/actor/worker-main.ts). */
const ACTOR_FACTORIES = ['server/actor-factory.js', 'server/member-factory.js', 'server/log-thread.js'];

/** What is loaded later, if at all. A copy of a module has another state: the AdminServer is given everything that has one. */
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

/** The server as a module of another program, which may be one of ES modules. */
const EMBEDDED = 'server/start-server.js';

/** A bin is run by its name; npm sees to that where it installs, and not in a checkout that is built again. */
const EXECUTABLE: Plugin = {
  name: 'executable',
  writeBundle: ({ dir }, files) => {
    for (const file of Object.values(files)) {
      if (file.type === 'chunk' && file.code.startsWith('#!')) chmodSync(`${dir}/${file.fileName}`, 0o755);
    }
  },
};

/** What Node is to take the files for, which lie below a package of ES modules. */
const COMMON_JS: Plugin = {
  name: 'common-js',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'package.json', source: '{ "type": "commonjs" }\n' });
  },
};

const LAZY_REQUIRE = "createRequire(import.meta.url)('pino')";

/** pino is loaded with a thread's first line, by a call that a bundler does not look into. */
const PINO_WITHIN: Plugin = {
  name: 'pino-within',
  transform(code, id) {
    if (!id.endsWith('dist/src/server/server-log.js')) return null;
    if (!code.includes(LAZY_REQUIRE)) throw new Error(`${id} loads pino in another way than by ${LAZY_REQUIRE}`);
    return { code: code.replace(LAZY_REQUIRE, "require('pino')") };
  },
};

const EXTERNAL = ['pino', 'piscina', 'prom-client'];
const EXTERNAL_OF_PROGRAMS = ['piscina', 'prom-client'];

const WORKER = 'worker:';

/** The first module of a worker's program. */
const WORKER_PROGRAM: Plugin = {
  name: 'worker-program',
  resolveId: (id) => (id.startsWith(WORKER) ? id : null),
  load: (id) =>
    id.startsWith(WORKER)
      ? `import * as factory from '${built(id.slice(WORKER.length))}';
         import { runWorker } from '${built('actor/worker-main.js')}';
         void runWorker(async () => factory);`
      : null,
};

/** The form that src/launch/run-program.ts runs. A text of bytes is read, held and compared at half the cost of another. */
const PROGRAM_FORM: Plugin = {
  name: 'program-form',
  // Not in renderChunk: a function that nobody calls is taken out behind it.
  generateBundle(_options, files) {
    for (const chunk of Object.values(files)) {
      if (chunk.type !== 'chunk') continue;
      const shared = chunk.isEntry ? chunk.imports.filter((name) => name in files) : [];
      if (shared.length > 0) throw new Error(`${chunk.fileName} is not one file: ${shared.join(', ')}`);
      const text = asciiOnly(chunk.code);
      chunk.code = chunk.isEntry
        ? `(function (exports, require, module, __filename, __dirname, __import) { ${text.replace(/\bimport\(/g, '__import(')}\n})`
        : text;
    }
  },
};

function asciiOnly(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function built(module: string): string {
  return resolve('dist/src', module);
}

function bundle(
  name: string,
  input: string,
  output: OutputOptions,
  plugins: Plugin[] = [],
  external = EXTERNAL,
): RolldownOptions {
  return {
    input: { [name]: input },
    platform: 'node',
    external,
    // What is loaded later takes what it shares with a program from there, and no file has to be cut off for that.
    preserveEntrySignatures: 'allow-extension',
    plugins,
    // Modules are strict whatever they are made into; of comments only licences are for whoever reads this.
    output: {
      dir: 'dist/bundle',
      format: 'cjs',
      strict: true,
      comments: { legal: true, annotation: false, jsdoc: false },
      ...output,
    },
    logLevel: 'warn',
  };
}

function launcher(module: string, index: number): RolldownOptions {
  const name = basename(module, '.js');
  const isFirst = index === 0;
  return bundle(
    name,
    built(module),
    { entryFileNames: 'server/[name].js', cleanDir: isFirst },
    isFirst ? [COMMON_JS] : [],
  );
}

function program(name: string, input: string): RolldownOptions {
  const output = {
    entryFileNames: 'server/[name].program.js',
    chunkFileNames: `server/${name}.[name]-[hash].js`,
  };
  return bundle(name, input, output, [PINO_WITHIN, WORKER_PROGRAM, PROGRAM_FORM], EXTERNAL_OF_PROGRAMS);
}

function single(module: string): RolldownOptions {
  const [directory, file] = module.split('/') as [string, string];
  const output: OutputOptions = {
    entryFileNames: `${directory}/[name].js`,
    codeSplitting: false,
    exports: 'named',
    // piscina takes the task from `default`.
    esModule: true,
  };
  return bundle(basename(file, '.js'), built(module), output, [EXECUTABLE]);
}

export default defineConfig([
  ...LAUNCHERS.map(launcher),
  program('quorum-peer-main', built(MAIN_PROGRAM)),
  ...ACTOR_FACTORIES.map((module) => program(basename(module, '.js'), `${WORKER}${module}`)),
  ...[...LATER, ...COMMAND_LINE].map(single),
  bundle('start-server', built(EMBEDDED), {
    format: 'esm',
    entryFileNames: 'server/[name].mjs',
    chunkFileNames: 'server/start-server.[name]-[hash].mjs',
  }),
]);
