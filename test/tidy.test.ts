// Rules on source text that neither the compiler nor the linter knows: which names the deterministic half must not say,
// who may import whom, what every file must have. Each rule reads the files as text and names what breaks it, so a
// failure is a list of places to mend. The rules are tried on small made-up sources first: a rule that cannot fail is
// no rule.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configReference } from '../src/cli/config-reference/config-reference.js';
import { CONFIG_KEYS } from '../src/server/config-keys.js';

const ROOT = resolve(import.meta.dirname, '..');

/** Who may import whom. A layer may always import itself. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  jute: ['base'],
  protocol: ['base', 'jute'],
  store: ['base', 'jute', 'protocol'],
  actor: ['base'],
  session: ['base', 'jute', 'protocol', 'actor', 'store'],
  watch: ['base', 'jute', 'protocol', 'actor', 'store'],
  processor: ['base', 'jute', 'protocol', 'actor', 'store', 'session', 'watch'],
  persistence: ['base', 'jute', 'protocol', 'actor', 'store'],
  election: ['base', 'jute', 'protocol', 'actor'],
  zab: ['base', 'jute', 'protocol', 'actor', 'store', 'session', 'processor', 'persistence', 'election'],
  peer: [
    'base',
    'jute',
    'protocol',
    'actor',
    'store',
    'session',
    'watch',
    'processor',
    'persistence',
    'net',
    'election',
    'zab',
  ],
  net: ['base', 'jute', 'protocol', 'actor', 'store', 'session', 'watch', 'processor', 'persistence'],
  client: ['base', 'jute', 'protocol'],
  metrics: ['base', 'actor'],
  server: [
    'base',
    'jute',
    'protocol',
    'actor',
    'store',
    'session',
    'watch',
    'processor',
    'persistence',
    'net',
    'election',
    'zab',
    'peer',
    'client',
    'metrics',
  ],
  admin: ['base', 'actor', 'processor', 'net', 'metrics', 'server'],
  page: [],
  launch: ['actor'],
  cli: ['base', 'jute', 'protocol', 'store', 'persistence', 'client', 'page', 'server'],
};

/** These compile without Node's types, and may say nothing that depends on a machine or a moment. */
const DETERMINISTIC = ['base', 'jute', 'protocol', 'store', 'session', 'watch', 'processor', 'election', 'zab'];
/** Deterministic too, but for the shells listed below. */
const WITH_SHELLS = ['actor', 'persistence', 'net', 'peer', 'client'];

const BANNED = {
  time: /\bDate\.now\b|\bnew Date\b|\bperformance\.now\b|\bprocess\.hrtime\b/,
  randomness: /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\brandomInt\b|\bgetRandomValues\b/,
  timers: /\bset(?:Timeout|Interval|Immediate)\b/,
  async: /\bawait\b|(?<!\.)\basync\b(?=\s*(?:\(|function\b|\*|[\w$]+\s*(?:<[^>]*>)?\(|[\w$]+\s*=>))/,
  files: /['"]node:fs(?:\/promises)?['"]/,
  sockets: /['"]node:(?:net|tls|http|https|http2|dgram)['"]/,
} as const;
type Banned = keyof typeof BANNED;

/** Each shell, and what it takes from the world so that nobody behind it has to. */
const SHELLS: Readonly<Record<string, readonly Banned[]>> = {
  'src/actor/actor-system.ts': ['timers', 'async'],
  'src/actor/blocking-runner.ts': ['timers'],
  'src/actor/event-loop-runner.ts': ['timers'],
  'src/actor/prepared-worker.ts': ['async'],
  'src/actor/supervisor.ts': ['timers', 'async'],
  'src/actor/system-clock.ts': ['time'],
  'src/actor/worker-entry.ts': ['async'],
  'src/actor/worker-main.ts': ['timers', 'async'],
  'src/actor/worker-thread.ts': ['async'],
  'src/client/net-transport.ts': ['sockets'],
  'src/client/node-client-ports.ts': ['time', 'timers', 'randomness'],
  'src/client/tls-transport.ts': ['sockets'],
  'src/net/node-client-network.ts': ['sockets'],
  'src/net/tls-acceptor.ts': ['sockets'],
  'src/net/tls-context.ts': ['sockets'],
  'src/net/tls-key-store.ts': ['files'],
  'src/net/tls-store-watch.ts': ['timers', 'files'],
  'src/peer/authenticated-peer-network.ts': ['timers'],
  'src/peer/connection-race.ts': ['sockets', 'timers'],
  'src/peer/first-bytes.ts': ['sockets', 'timers'],
  'src/peer/member-addresses.ts': ['sockets'],
  'src/peer/node-peer-network.ts': ['sockets', 'timers'],
  'src/peer/node-peer-socket.ts': ['sockets', 'timers'],
  'src/peer/pending-connections.ts': ['sockets', 'timers'],
  'src/peer/quorum-tls.ts': ['sockets'],
  'src/persistence/node-file-store.ts': ['files'],
};

const HEADER_LINES_MIN = 3;
const KEBAB_CASE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test|\.d)?\.ts$/;
const VAGUE_NAMES = /^(?:index|utils?|helpers?|common|types|misc|shared)\.ts$/;
// Written so that this file does not break its own rules.
const UNFINISHED = new RegExp(
  `\\b(?:${['TO', 'FIX', 'XX'].map((word) => `${word}${word === 'TO' ? 'DO' : word === 'FIX' ? 'ME' : 'X'}`).join('|')})\\b`,
);
const WORKPLACE = new RegExp(`(?<![\\w.])/(?:${['work', 'tmp/tk', 'tmp/ops'].join('|')})(?:/|\\b)`);
const SUPPRESSIONS = new RegExp(`@ts-(?:${['ignore', 'nocheck', 'expect-error'].join('|')})`);
const ANY = /(?:[:<,|&(=]|\bas|\bextends)\s*any\b(?!\s*[:(.])/;

interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Without comments; strings kept. */
  readonly code: string;
}

const SRC = readTree('src', /\.ts$/);
const TESTS = readTree('test', /\.ts$/);
const BENCH = readTree('bench', /\.ts$/);

describe('the deterministic half', () => {
  it.each(Object.keys(BANNED) as Banned[])('takes no %s from the world', (what) => {
    const layers = [...DETERMINISTIC, ...WITH_SHELLS];
    const found = SRC.filter((file) => layers.includes(layerOf(file.path)))
      .filter((file) => !(SHELLS[file.path] ?? []).includes(what))
      .flatMap((file) => linesWith(file, BANNED[what]));
    expect(found).toEqual([]);
  });

  it('imports nothing of Node and no package', () => {
    const found = SRC.filter((file) => DETERMINISTIC.includes(layerOf(file.path))).flatMap((file) =>
      importsOf(file.code)
        .filter((target) => !target.startsWith('.'))
        .map((target) => `${file.path}: ${target}`),
    );
    expect(found).toEqual([]);
  });

  it('has no shell on its list that needs no leave', () => {
    const idle = Object.entries(SHELLS).flatMap(([path, takes]) => {
      const file = SRC.find((candidate) => candidate.path === path);
      return takes
        .filter((what) => file === undefined || !BANNED[what].test(file.code))
        .map((what) => `${path}: ${what}`);
    });
    expect(idle).toEqual([]);
  });
});

describe('layers', () => {
  it('are the folders of src', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders) expect(Object.keys(LAYERS)).toContain(name);
  });

  it('import downwards only', () => {
    expect(SRC.flatMap(importsUpwards)).toEqual([]);
  });

  it('refer to no more in their tsconfig than they may import', () => {
    const found = Object.entries(LAYERS).flatMap(([layer, allowed]) => {
      const text = readFileSync(join(ROOT, 'src', layer, 'tsconfig.json'), 'utf8');
      const references = [...text.matchAll(/"path":\s*"\.\.\/([\w-]+)"/g)].map((match) => match[1]);
      return references.filter((name) => !allowed.includes(name)).map((name) => `${layer} -> ${name}`);
    });
    expect(found).toEqual([]);
  });
});

describe('every file', () => {
  it('of src begins by saying what it is', () => {
    const bare = SRC.filter((file) => headerLineCount(file.text) < HEADER_LINES_MIN);
    expect(bare.map((file) => file.path)).toEqual([]);
  });

  it('has a name in kebab case that says something', () => {
    const names = [...SRC, ...TESTS, ...BENCH].map((file) => file.path);
    const odd = names.filter((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      return !KEBAB_CASE.test(name) || VAGUE_NAMES.test(name);
    });
    expect(odd).toEqual([]);
  });

  it('is no barrel', () => {
    expect(SRC.filter((file) => isBarrel(file.code)).map((file) => file.path)).toEqual([]);
  });

  it('keeps the compiler awake', () => {
    const files = [...SRC, ...TESTS, ...BENCH].filter((file) => file.path !== 'test/tidy.test.ts');
    expect(files.flatMap((file) => linesWith({ ...file, code: withoutStrings(file.code) }, ANY))).toEqual([]);
    expect(files.flatMap((file) => linesWith({ ...file, code: file.text }, SUPPRESSIONS))).toEqual([]);
  });

  it('is finished', () => {
    const files = [...SRC, ...TESTS, ...BENCH].filter((file) => file.path !== 'test/tidy.test.ts');
    expect(files.flatMap((file) => linesWith({ ...file, code: file.text }, UNFINISHED))).toEqual([]);
  });

  it('knows nothing of the place it was written at', () => {
    const all = ['src', 'test', 'bench', 'conf', 'docs', '.ci', 'bin'].flatMap((folder) => readTree(folder, /^/));
    const single = ['README.md', 'package.json', 'CHANGELOG.md', 'tsconfig.json', 'tsconfig.base.json', 'biome.json'];
    const files = [...all, ...single.flatMap((path) => readIfThere(path))];
    expect(files.flatMap((file) => linesWith({ ...file, code: file.text }, WORKPLACE))).toEqual([]);
  });
});

describe('configuration keys', () => {
  it('are in docs/configuration.md as `npm run docs` writes it', () => {
    expect(readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8')).toBe(configReference());
  });

  it('in the sample file are known, commented out or not', () => {
    const sample = readFileSync(join(ROOT, 'conf/zoo_sample.cfg'), 'utf8');
    const used = [...sample.matchAll(/^#?([\w.]+)=/gm)].map((match) => match[1]);
    const known = (name: string) => CONFIG_KEYS.some((key) => key.name === name) || name.startsWith('metricsProvider.');
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !known(name))).toEqual([]);
  });
});

describe('npm scripts', () => {
  it('that the documents name are there, and run what the build makes', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const texts = ['README.md', 'src/README.md', 'bench/README.md'].map((path) =>
      readFileSync(join(ROOT, path), 'utf8'),
    );
    const named = texts.flatMap((text) =>
      [...text.matchAll(/`(?:npm run )?((?:soak|bench):[\w-]+)/g)].map(([, name]) => name),
    );
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
    const made = Object.values(scripts)
      .flatMap((script) => [...script.matchAll(/\bdist\/(\S+)\.js/g)].map(([, path]) => path))
      .map((path) => path.replace(/^bundle\//, 'src/'));
    expect(made.filter((path) => !existsSync(join(ROOT, `${path}.ts`)))).toEqual([]);
  });
});

describe('the map of zab', () => {
  it('names every file of it, and none that is not there', () => {
    const map = readFileSync(join(ROOT, 'src/zab/README.md'), 'utf8');
    const named = new Set([...map.matchAll(/(?<![\w/.-])[a-z][\w-]*\.ts\b/g)].map(([name]) => name));
    const files = SRC.filter(({ path }) => layerOf(path) === 'zab').map(({ path }) => path.slice('src/zab/'.length));
    expect(files.length).toBeGreaterThan(40);
    expect([...named].sort()).toEqual(files.sort());
  });
});

describe('the bundle of the server', () => {
  const bundler = readFileSync(join(ROOT, 'rolldown.config.ts'), 'utf8');
  const entries = [...bundler.matchAll(/'(\w+\/[\w-]+)\.js'/g)].map(([, path]) => path);
  const started = SRC.filter((file) =>
    ['actor', 'persistence', 'server', 'admin'].includes(layerOf(file.path)),
  ).flatMap((file) =>
    [...file.code.matchAll(/new URL\('([^']+)\.js', import\.meta\.url\)/g)].map(([, address]) => ({
      file: file.path,
      address,
    })),
  );

  it('has every module as an entry that is started by its address', () => {
    expect(started.length).toBeGreaterThan(3);
    const absent = started.filter(
      ({ address }) => !entries.some((path) => `./${path.split('/')[1]}` === address || `../${path}` === address),
    );
    expect(absent).toEqual([]);
  });

  it('has no entry that is not there', () => {
    expect(entries.length).toBeGreaterThan(4);
    expect(entries.filter((path) => !existsSync(join(ROOT, 'src', `${path}.ts`)))).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const source = (path: string, text: string): SourceFile => ({ path, text, code: withoutComments(text) });

  it.each<[Banned, string, boolean]>([
    ['time', 'const t = Date.now();', true],
    ['time', 'const t = new Date();', true],
    ['time', '// Date.now is banned\n/* performance.now */', false],
    ['time', 'clock.now()', false],
    ['randomness', 'Math.random()', true],
    ['timers', 'setTimeout(f, 1)', true],
    ['timers', 'reset.setTimeoutMs(1)', false],
    ['async', 'async function f() {}', true],
    ['async', 'private async f<T>(): Promise<T> {}', true],
    ['async', 'const f = async () => {};', true],
    ['async', 'f(async x => x)', true],
    ['async', 'if (!wait.async) return;', false],
    ['async', 'const x = { async: true };', false],
    ['async', 'x = await y;', true],
    ['files', "import { openSync } from 'node:fs';", true],
    ['sockets', "import { connect } from 'node:net';", true],
    ['sockets', "import { hostname } from 'node:os';", false],
  ])('%s: %s', (what, text, isFound) => {
    expect(BANNED[what].test(withoutComments(text))).toBe(isFound);
  });

  it('imports are found in all their forms', () => {
    const text = `import a from './a.js';\nimport {\n  b,\n} from "../b/c.js";\nimport type { D } from '../d/e.js';
export { f } from '../f/g.js';\nimport '../h/i.js';\nconst j = await import('../j/k.js');\n// import x from '../no/x.js';
type L = import('../l/m.js').N;`;
    expect(importsOf(withoutComments(text))).toEqual([
      './a.js',
      '../b/c.js',
      '../d/e.js',
      '../f/g.js',
      '../h/i.js',
      '../j/k.js',
      '../l/m.js',
    ]);
  });

  it('an import upwards is one, from any depth', () => {
    const upwards = importsUpwards(source('src/processor/prep/create.ts', "import { x } from '../../net/y.js';"));
    expect(upwards).toEqual(['src/processor/prep/create.ts: ../../net/y.js']);
    expect(importsUpwards(source('src/net/a.ts', "import { x } from '../processor/prep/y.js';"))).toEqual([]);
    expect(importsUpwards(source('src/base/a.ts', "import { x } from './b.js';"))).toEqual([]);
    expect(importsUpwards(source('src/base/a.ts', "import { x } from '../../test/b.js';"))).toHaveLength(1);
  });

  it('headers are counted in lines of one comment at the top', () => {
    expect(headerLineCount('// a\n// b\n// c\n\n// d\n')).toBe(3);
    expect(headerLineCount('#!/usr/bin/env node\n// a\n// b\n')).toBe(2);
    expect(headerLineCount('/**\n * a\n * b\n */\nimport')).toBe(4);
    expect(headerLineCount("import a from 'a';\n// b\n")).toBe(0);
  });

  it('comments and strings are told apart', () => {
    expect(withoutComments('a = \'http://x\'; // y\nb = "/* no */"; /* z */ c')).toBe(
      'a = \'http://x\'; \nb = "/* no */";  c',
    );
    const open = '$'.concat('{');
    expect(withoutComments(`a = \`//${open}b /* c */}//\`; // d`)).toBe(`a = \`//${open}b }//\`; `);
    expect(withoutComments("a = /['/*]/.test(b); // c")).toBe("a = /['/*]/.test(b); ");
    expect(withoutStrings("a = 'any: any'; b = `as any`")).toBe("a = ''; b = ``");
  });

  it('any is found as a type only', () => {
    expect(
      ['x: any', 'x as any', 'Array<any>', '(a: string | any)', 'T = any;'].filter((text) => !ANY.test(text)),
    ).toEqual([]);
    expect(
      ['x.any(y)', 'const { any } = x', '{ any: 1 }', 'company: many', 'f(any.x)'].filter((text) => ANY.test(text)),
    ).toEqual([]);
  });

  it('a barrel is a file that only passes on', () => {
    expect(isBarrel("export { a } from './a.js';\nexport * from './b.js';\n")).toBe(true);
    expect(isBarrel("export { a } from './a.js';\nexport const b = 1;\n")).toBe(false);
    expect(isBarrel('')).toBe(false);
  });

  it('the workplace is a place, not a word', () => {
    expect(WORKPLACE.test(`cd ${'/'}work/main`)).toBe(true);
    expect(WORKPLACE.test('lib/work/x, network/work, paperwork')).toBe(false);
  });
});

function importsUpwards(file: SourceFile): string[] {
  const layer = layerOf(file.path);
  const allowed = [layer, ...(LAYERS[layer] ?? [])];
  return importsOf(file.code)
    .filter((target) => target.startsWith('.'))
    .filter((target) => {
      const path = relative(ROOT, resolve(ROOT, file.path, '..', target))
        .split('\\')
        .join('/');
      return !path.startsWith('src/') || !allowed.includes(layerOf(path));
    })
    .map((target) => `${file.path}: ${target}`);
}

function importsOf(code: string): string[] {
  const form = /\b(?:import|export)\b(?:[^'"`;()]*?\bfrom)?\s*\(?\s*(['"])([^'"]+)\1/g;
  return [...code.matchAll(form)].map((match) => match[2]);
}

function isBarrel(code: string): boolean {
  const rest = code.replace(/\bexport\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+(['"])[^'"]+\1;?/g, '');
  return code.trim() !== '' && rest.trim() === '';
}

function headerLineCount(text: string): number {
  const lines = text.split('\n');
  if (lines[0].startsWith('#!')) lines.shift();
  if (lines[0].startsWith('/*')) return lines.findIndex((line) => line.includes('*/')) + 1;
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return end < 0 ? lines.length : end;
}

function linesWith(file: SourceFile, pattern: RegExp): string[] {
  return file.code
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${file.path}:${index + 1}: ${line.trim()}`] : []));
}

function layerOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function readTree(folder: string, name: RegExp): SourceFile[] {
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .flatMap((entry) => readIfThere(relative(ROOT, join(entry.parentPath, entry.name)).split('\\').join('/')));
}

function readIfThere(path: string): SourceFile[] {
  try {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return [{ path, text, code: path.endsWith('.ts') ? withoutComments(text) : text }];
  } catch {
    return [];
  }
}

/** Line numbers stay as they are. */
function withoutComments(text: string): string {
  return scan(text, (piece, kind) => (kind === 'comment' ? piece.replace(/[^\n]/g, '') : piece));
}

function withoutStrings(code: string): string {
  return scan(code, (piece, kind) =>
    kind === 'string' ? piece[0] + piece.slice(1, -1).replace(/[^\n]/g, '') + piece.at(-1) : piece,
  );
}

type PieceKind = 'code' | 'comment' | 'string';

/** Takes source text apart well enough for these rules: comments, the three kinds of strings, regular expressions. */
function scan(text: string, put: (piece: string, kind: PieceKind) => string): string {
  let out = '';
  let at = 0;
  let codeFrom = 0;
  const flush = (to: number) => {
    out += put(text.slice(codeFrom, to), 'code');
  };
  const take = (end: number, kind: PieceKind) => {
    flush(at);
    out += put(text.slice(at, end), kind);
    at = end;
    codeFrom = end;
  };
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    const char = text[at];
    if (two === '//') take(endAt(text, '\n', at, 0), 'comment');
    else if (two === '/*') take(endAt(text, '*/', at + 2, 2), 'comment');
    else if (char === "'" || char === '"') take(endOfQuoted(text, at), 'string');
    else if (char === '`') {
      const end = endOfTemplate(text, at);
      flush(at);
      out += scanTemplate(text.slice(at, end), put);
      at = end;
      codeFrom = end;
    } else if (char === '/' && startsRegExp(text.slice(Math.max(0, at - 20), at))) at = endOfRegExp(text, at);
    else at++;
  }
  flush(at);
  return out;
}

function scanTemplate(template: string, put: (piece: string, kind: PieceKind) => string): string {
  if (!template.includes('${')) return put(template, 'string');
  let out = '';
  let at = 0;
  while (at < template.length) {
    if (template.startsWith('${', at)) {
      const end = endOfBraces(template, at + 2);
      out += `\${${scan(template.slice(at + 2, end - 1), put)}}`;
      at = end;
    } else {
      const length = template[at] === '\\' ? 2 : 1;
      out += template.slice(at, at + length);
      at += length;
    }
  }
  return out;
}

function endOfTemplate(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '`') {
    if (text.startsWith('${', at)) at = endOfBraces(text, at + 2);
    else at += text[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

/** Behind the closing brace. */
function endOfBraces(text: string, start: number): number {
  let depth = 1;
  let at = start;
  while (at < text.length && depth > 0) {
    const char = text[at];
    if (char === '`') at = endOfTemplate(text, at);
    else if (char === "'" || char === '"') at = endOfQuoted(text, at);
    else {
      if (char === '{') depth++;
      if (char === '}') depth--;
      at++;
    }
  }
  return at;
}

function endOfQuoted(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== text[start] && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfRegExp(text: string, start: number): number {
  let at = start + 1;
  let inClass = false;
  while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
    if (text[at] === '[') inClass = true;
    if (text[at] === ']') inClass = false;
    at += text[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

function startsRegExp(before: string): boolean {
  return /(?:^|[=(,:[!&|?{};\n+\-*%~^<>]|\breturn|\bcase|\btypeof)\s*$/.test(before);
}

function endAt(text: string, mark: string, from: number, past: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + past;
}
