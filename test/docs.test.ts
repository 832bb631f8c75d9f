/**
 * What the documents say must be there: pages and headings that are linked, keys in examples, commands and their
 * sub-commands, npm scripts, test files. Reads files only; whether a page tells the truth is for those who ran what it shows.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { SUB_COMMANDS } from '../src/cli/threadkeeper/sub-command-table.js';
import { CONFIG_KEYS } from '../src/server/config-keys.js';
import { repositoryRoot } from './testing/repository-root.js';

interface Page {
  readonly path: string;
  readonly text: string;
}

const PATHS = [
  'README.md',
  'CHANGELOG.md',
  'src/README.md',
  'bench/README.md',
  ...readdirSync(join(repositoryRoot, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const PAGES: readonly Page[] = PATHS.map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), 'utf8') }));
const FOR_OPERATORS = PAGES.filter(({ path }) => path === 'README.md' || path.startsWith('docs/'));

const FENCE = /^```(\w*)\n([\s\S]*?)^```/gm;

/** Text between fences of one of these languages. */
function blocks({ text }: Page, ...languages: readonly string[]): string[] {
  return [...text.matchAll(FENCE)].filter(([, language]) => languages.includes(language)).map(([, , body]) => body);
}

/** As GitHub makes one of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

function anchorsOf({ text }: Page): string[] {
  return [...text.replace(FENCE, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading));
}

test('links lead to files and headings that are there', () => {
  const broken: string[] = [];
  let links = 0;
  for (const page of PAGES) {
    for (const [, target] of page.text.replace(FENCE, '').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      links++;
      const [file, anchor] = target.split('#');
      const path = file === '' ? page.path : normalize(join(dirname(page.path), file));
      const linked = PAGES.find((each) => each.path === path);
      const isThere = existsSync(join(repositoryRoot, path));
      const hasAnchor = anchor === undefined || (linked !== undefined && anchorsOf(linked).includes(anchor));
      if (!isThere || !hasAnchor) broken.push(`${page.path}: ${target}`);
    }
  }
  expect(links).toBeGreaterThan(20);
  expect(broken).toEqual([]);
});

test('every page is in the index', () => {
  const index = PAGES.find(({ path }) => path === 'docs/README.md')?.text ?? '';
  const pages = FOR_OPERATORS.filter(({ path }) => path.startsWith('docs/') && path !== 'docs/README.md');
  expect(
    pages.filter(({ path }) => !index.includes(`](${path.slice('docs/'.length)})`)).map(({ path }) => path),
  ).toEqual([]);
});

/** Keys of a family, by the row that stands for it (authProvider.*, server.N). */
function isKey(name: string): boolean {
  if (/^(server|group|weight)\.[\dN]+$/.test(name)) return true;
  return CONFIG_KEYS.some((key) => {
    const properties = 'properties' in key ? (key.properties as readonly string[]) : [];
    return [key.name, ...properties].some((each) =>
      each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name,
    );
  });
}

test('keys in examples and in the running text are known', () => {
  const unknown: string[] = [];
  let keys = 0;
  for (const page of FOR_OPERATORS) {
    if (page.path === 'docs/configuration.md') continue; // made from the table itself
    const inBlocks = blocks(page, 'properties').flatMap((body) => [...body.matchAll(/^#?([\w.]+)=/gm)]);
    const inText = [...page.text.replace(FENCE, '').matchAll(/`([a-zA-Z]\w*(?:\.\w+)*)=[^`\s]*`/g)];
    for (const [, name] of [...inBlocks, ...inText]) {
      keys++;
      if (!isKey(name) && !/^[A-Z][A-Z0-9_]+$/.test(name) && name !== 'snapshot' && name !== 'streaming') {
        unknown.push(`${page.path}: ${name}`);
      }
    }
  }
  expect(keys).toBeGreaterThan(25);
  expect(unknown).toEqual([]);
});

test('commands that are shown are bins, sub-commands and scripts of the package', () => {
  const { bin, scripts } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
    scripts: Record<string, string>;
  };
  const wrong: string[] = [];
  let commands = 0;
  for (const page of FOR_OPERATORS) {
    for (const [, name, word = ''] of page.text.matchAll(/\bnpx (?!vitest)([\w-]+)(?: ([a-z][\w-]*))?/g)) {
      commands++;
      if (bin[name] === undefined) wrong.push(`${page.path}: npx ${name}`);
      const isSubCommand = name !== 'threadkeeper' || word === '' || SUB_COMMANDS.some((each) => each.name === word);
      if (!isSubCommand && word !== 'help') wrong.push(`${page.path}: threadkeeper ${word}`);
    }
    for (const [, name] of page.text.matchAll(/\bnpm run ([\w:-]+)/g)) {
      if (scripts[name] === undefined) wrong.push(`${page.path}: npm run ${name}`);
    }
  }
  expect(commands).toBeGreaterThan(40);
  expect(wrong).toEqual([]);
});

test('tests and sources that a page names are there', () => {
  const absent = FOR_OPERATORS.flatMap(({ path, text }) =>
    [...text.matchAll(/`((?:test|src|bench|conf|docs)\/[\w./-]+)`/g)]
      .filter(([, named]) => !existsSync(join(repositoryRoot, named)))
      .map(([, named]) => `${path}: ${named}`),
  );
  expect(absent).toEqual([]);
});
