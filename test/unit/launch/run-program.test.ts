import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodeCache } from '../../../src/launch/code-cache.js';
import { runProgram } from '../../../src/launch/run-program.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';

const PROGRAM = 'function add(a, b) { return a + b; }\nexports.sum = add(40, 2);\n';
const KEEP_AFTER_MS = 1000;

let temp: TempDir;
let cacheDir: string;

beforeEach(() => {
  temp = makeTempDir('run-program');
  cacheDir = join(temp.path, 'code-cache');
  mkdirSync(join(temp.path, 'server'));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  temp.remove();
});

describe('a program', () => {
  const path = () => join(temp.path, 'server/one.program.js');

  /** Runs it as a new process would, and gives what it exports; `keep`: as long as its code takes to be kept. */
  function run(text: string, keep = true): Record<string, unknown> {
    writeFileSync(path(), `(function (exports, require, module, __filename, __dirname, __import) { ${text}\n})`);
    const { cache } = createRequire(path());
    delete cache[path()];
    vi.useFakeTimers();
    runProgram(join(temp.path, 'server'), 'one');
    if (keep) vi.advanceTimersByTime(KEEP_AFTER_MS);
    return cache[path()]?.exports as Record<string, unknown>;
  }

  const files = () => readdirSync(cacheDir);
  const cached = () => readFileSync(join(cacheDir, files()[0] as string));

  it('has what a module has, and is found by what it loads later', () => {
    writeFileSync(join(temp.path, 'server/later.js'), "exports.own = require('./one.program.js').own;");
    const program =
      "exports.own = {}; exports.later = () => require('./later.js').own; exports.at = [__filename, __dirname, module.id];";
    const { own, later, at } = run(program) as { own: object; later: () => object; at: string[] };
    expect(later()).toBe(own);
    expect(at).toEqual([path(), join(temp.path, 'server'), path()]);
  });

  it('imports modules by name, with its code from the cache, too', async () => {
    const program = "exports.join = async () => (await __import('node:path')).join('a', 'b');";
    for (let start = 0; start < 2; start++) {
      const { join: joined } = run(program) as { join: () => Promise<string> };
      await expect(joined()).resolves.toBe('a/b');
    }
  });

  it('names its own lines and columns in a stack trace', () => {
    const { stack } = run('\n\nexports.stack = new Error("here").stack;\n') as { stack: string };
    expect(stack).toContain(`${path()}:3:`);
  });

  it('says what is not ASCII', () => {
    expect(run("exports.said = '\u2019\u{1f600}';").said).toBe('\u2019\u{1f600}');
  });

  it('keeps its code for the next start, once', () => {
    expect(run(PROGRAM).sum).toBe(42);
    expect(files()).toEqual([expect.stringMatching(/^one-v[\d.]+-\w+\.code$/)]);
    const first = cached();
    expect(run(PROGRAM).sum).toBe(42);
    expect(cached().equals(first)).toBe(true);
  });

  it('keeps what it runs a little later, too, until there is no more of it', () => {
    const { later } = run('exports.later = (a) => { const b = (c) => c * 2; return b(a); };') as {
      later: (a: number) => number;
    };
    const early = cached();
    later(1);
    vi.advanceTimersByTime(KEEP_AFTER_MS);
    expect(cached().length).toBeGreaterThan(early.length);
    vi.advanceTimersByTime(KEEP_AFTER_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps nothing before it has run for a while, nor where Node is to keep nothing', () => {
    run(PROGRAM, false);
    expect(() => files()).toThrow('ENOENT');
    vi.stubEnv('NODE_DISABLE_COMPILE_CACHE', '1');
    run(PROGRAM);
    expect(() => files()).toThrow('ENOENT');
  });

  it('runs where nothing can be kept', () => {
    writeFileSync(cacheDir, 'no directory');
    expect(run(PROGRAM).sum).toBe(42);
    // The thread stands still for it, so it is tried once.
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves nothing half written where it cannot be kept', () => {
    run(PROGRAM);
    const [name] = files();
    rmSync(join(cacheDir, name as string));
    mkdirSync(join(cacheDir, name as string, 'in the way'), { recursive: true });
    expect(run(PROGRAM).sum).toBe(42);
    expect(files()).toEqual([name]);
  });

  it('is compiled anew when it was changed, if only by a digit', () => {
    run(PROGRAM);
    const first = cached();
    expect(run(PROGRAM.replace('40', '50')).sum).toBe(52);
    expect(cached().equals(first)).toBe(false);
  });

  it('is compiled anew when the code is damaged, at whatever byte', () => {
    run(PROGRAM);
    const whole = cached();
    const file = join(cacheDir, files()[0] as string);
    for (let at = 0; at < whole.length; at += 31) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      writeFileSync(file, damaged);
      expect(run(PROGRAM).sum).toBe(42);
      expect(cached().equals(damaged)).toBe(false);
    }
  });

  it('is compiled anew when the code is cut short', () => {
    run(PROGRAM);
    const whole = cached();
    const file = join(cacheDir, files()[0] as string);
    for (const length of [0, 4, 8, 27, 28, 29, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, length));
      expect(run(PROGRAM).sum).toBe(42);
      expect(cached().length).toBeGreaterThan(length);
    }
  });
});

describe('the code cache', () => {
  it('gives what V8 takes', () => {
    const program = Buffer.from(PROGRAM);
    const cache = new CodeCache(cacheDir, 'one', program);
    expect(cache.read()).toBeUndefined();
    expect(cache.tryWrite(new Script(PROGRAM))).toBeGreaterThan(0);
    const cachedData = new CodeCache(cacheDir, 'one', program).read();
    expect(new Script(PROGRAM, { cachedData }).cachedDataRejected).toBe(false);
  });
});
