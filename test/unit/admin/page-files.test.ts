// The files of the page: which paths lead to which, and that nothing else of the package, or of the disk, can be had by them.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isPagePath, PAGE_HEADERS, PageFiles } from '../../../src/admin/page-files.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';

let root: TempDir;
let files: PageFiles;

beforeEach(() => {
  root = makeTempDir('page-files');
  for (const folder of ['src/page', 'dist/src/page']) mkdirSync(join(root.path, folder), { recursive: true });
  writeFileSync(join(root.path, 'src/page/index.html'), '<meta name="commands" content="COMMAND_URL">');
  writeFileSync(join(root.path, 'src/page/page.css'), 'body {}');
  writeFileSync(join(root.path, 'dist/src/page/main.js'), 'export {};');
  writeFileSync(join(root.path, 'secret.js'), 'secret');
  files = new PageFiles(root.path, '/zk/"commands');
});

afterEach(() => root.remove());

it('tells the page where the commands are, whatever their path is made of', async () => {
  const index = await files.find('/');
  expect(index?.bytes.toString()).toBe('<meta name="commands" content="./zk/&#34;commands">');
  expect(index?.contentType).toBe('text/html; charset=utf-8');
});

it('finds styles and scripts, once read for ever', async () => {
  expect((await files.find('/page/page.css'))?.contentType).toBe('text/css; charset=utf-8');
  const script = await files.find('/page/main.js');
  expect(script?.bytes.toString()).toBe('export {};');
  writeFileSync(join(root.path, 'dist/src/page/main.js'), 'changed');
  expect(await files.find('/page/main.js')).toBe(script);
});

it.each([
  '/page/',
  '/page/none.js',
  '/page/../secret.js',
  '/page/..%2fsecret.js',
  '/page/../../secret.js',
  '/page/index.html',
  '/page/main.js.map',
  '/page/Main.js',
  '/page/a/main.js',
])('%s is nothing', async (path) => {
  expect(await files.find(path)).toBeNull();
});

it('has the root and what is below /page/, and leaves the rest alone', () => {
  expect(['/', '/page/x.js'].every(isPagePath)).toBe(true);
  expect(['/favicon.ico', '/pages', '/page', '/commands/ruok'].some(isPagePath)).toBe(false);
});

it('lets the page run its own scripts only, and nobody frame it', () => {
  const policy = PAGE_HEADERS['Content-Security-Policy'];
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(PAGE_HEADERS['X-Frame-Options']).toBe('DENY');
});
