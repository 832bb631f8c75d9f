/**
 * Runs a program of the bundle: all modules of one thread in one file, made by rolldown.config.ts in the form that `require` loads, and
 * the code that V8 made of it in an earlier start (code-cache.ts). Without that code it is compiled as any module is, and what
 * it runs of it within its first seconds is kept for the next start.
 *
 * The first thing on a thread, so it uses nothing of the layers above and costs little. The program is found by `require` as any
 * module: what it loads later may ask for it, and gets this one. NODE_DISABLE_COMPILE_CACHE=1, which switches Node's own cache off,
 * switches this one off, too.
 */
import { isAscii } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { CodeCache } from './code-cache.js';

/** What a program's file is: one expression, this function. A text put around it here would be another copy of a megabyte. */
type ProgramFunction = (
  exports: object,
  require: NodeJS.Require,
  module: NodeJS.Module,
  filename: string,
  dirname: string,
  importModule: (specifier: string) => Promise<unknown>,
) => void;

/** Until the first clients have been served: what that takes is in the code, and what comes later would make it larger. */
const KEEP_AFTER_MS = 1000;
const ROUNDS_MAX = 5;
const CACHE_DIRECTORY = '../code-cache';

/** `directory`: the bundle's, with `<name>.program.js`. Gives what the program exports. */
export function runProgram(directory: string, name: string): unknown {
  const path = join(directory, `${name}.program.js`);
  const program = readFileSync(path);
  const cache = isSwitchedOff() ? null : new CodeCache(join(directory, CACHE_DIRECTORY), name, program);
  const cachedData = cache?.read();
  // One byte per character is less to read, to hold and to compare.
  const script = new Script(program.toString(isAscii(program) ? 'latin1' : 'utf8'), {
    filename: path,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const isFresh = cachedData === undefined || script.cachedDataRejected === true;
  if (cache !== null && isFresh) keepLater(cache, script);

  const require = createRequire(path);
  const module = new Module(path);
  module.filename = path;
  require.cache[path] = module;
  const run = script.runInThisContext() as ProgramFunction;
  run.call(module.exports, module.exports, require, module, path, dirname(path), importModule);
  module.loaded = true;
  return module.exports;
}

/**
 * On a machine that is busy the first clients come later: as long as there is more code each time, it is kept anew. Who cannot keep it
 * tries once: the thread stands still meanwhile.
 */
function keepLater(cache: CodeCache, script: Script): void {
  let rounds = 0;
  let keptBytes = 0;
  const timer = setInterval(() => {
    const bytes = cache.tryWrite(script);
    rounds++;
    if (bytes === 0 || bytes === keptBytes || rounds === ROUNDS_MAX) clearInterval(timer);
    keptBytes = bytes;
  }, KEEP_AFTER_MS).unref();
}

/** What `import()` is in a program: V8 forgets where code from a cache may import from. */
function importModule(specifier: string): Promise<unknown> {
  return import(specifier);
}

function isSwitchedOff(): boolean {
  const { NODE_DISABLE_COMPILE_CACHE: off } = process.env;
  return off !== undefined && off !== '' && off !== '0';
}
