// The page of the AdminServer in a browser: headless Chromium against one real server. It shows mode, charts that move, the pipeline
// and the tree; names and data that mean harm stay text; it runs under its strict policy, asks nobody else, writes no error; a node
// that is not for everybody is shown to its owner; a server that goes away is said so.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type * as Client from '../../src/client/open-zookeeper.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';

const CHROMIUM = '/usr/bin/chromium-headless-shell';
const CLIENT = join(repositoryRoot, 'dist/src/client/open-zookeeper.js');
const DEADLINE_MS = 15_000;
const HOSTILE = '<img src=x onerror=document.title=1>';
const HOSTILE_DATA = '</pre><script>document.title=2</script>';

let server: ServerProcess;
let zk: Client.ZooKeeper;
let browser: Browser;
let page: Page;
let origin: string;
const complaints: string[] = [];
const requested: string[] = [];

beforeAll(async () => {
  for (const path of [CHROMIUM, CLIENT]) if (!existsSync(path)) throw new Error(`${path} is missing`);
  const client = (await import(pathToFileURL(CLIENT).href)) as typeof Client;
  const port = await freePort();
  const cfg = { 'admin.enableServer': 'true', 'admin.serverPort': port };
  [server, browser] = await Promise.all([
    startThreadkeeper({ cfg }),
    chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] }),
  ]);
  origin = `http://127.0.0.1:${port}`;
  zk = client.openZooKeeper(`127.0.0.1:${server.port}`);
  await zk.create('/app', client.encodeUtf8('{"name":"orders"}'));
  await zk.create('/app/blob', Uint8Array.of(0, 1, 255, 65));
  await zk.create(`/${HOSTILE}`, client.encodeUtf8(HOSTILE_DATA));
  await zk.addAuth('digest', client.encodeUtf8('bob:secret'));
  await zk.create('/private', client.encodeUtf8('for bob'), { acl: client.CREATOR_ALL_ACL });
  page = await browser.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  page.on('request', (request) => requested.push(request.url()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The browser's own remark on the one answer that is a refusal.
    const isRefusal = message.location().url.includes('get_node?path=%2Fprivate') && message.text().includes('403');
    if (['error', 'warning'].includes(message.type()) && !isRefusal) complaints.push(message.text());
  });
  await page.goto(origin);
}, 60_000);

afterAll(async () => {
  await zk?.close();
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

function textOf(selector: string): Promise<string> {
  return page.locator(selector).innerText();
}

function node(name: string) {
  return page.locator('.node .label').getByText(name, { exact: true });
}

test('shows what the server is, and charts that move', async () => {
  await page.locator('.chip', { hasText: 'standalone' }).waitFor();
  const curve = page.locator('.chart').first().locator('.curve').first();
  // A flat line has no height, and so counts as invisible.
  await curve.waitFor({ state: 'attached' });
  const before = await curve.getAttribute('d');
  for (let i = 0; i < 50; i++) await zk.getData('/app');
  await until('the chart to move', DEADLINE_MS, async () => (await curve.getAttribute('d')) !== before);
  expect(await textOf('.tile >> nth=5')).toMatch(/Znodes\s+9/);
});

test('shows the pipeline with its threads and queues', async () => {
  await page.getByRole('tab', { name: 'Pipeline' }).click();
  await page.locator('.actor .name', { hasText: 'prep' }).waitFor();
  expect(await page.locator('.actor .name').allTextContents()).toEqual(['connections.0', 'prep', 'sync', 'final']);
  expect(await page.getByRole('table', { name: 'Actors' }).innerText()).toMatch(/sync\s+log/);
  expect(await page.locator('.link .queue-track').count()).toBe(3);
});

test('shows connections and sessions', async () => {
  await page.getByRole('tab', { name: 'Sessions' }).click();
  const row = page.getByRole('table', { name: 'Connections' }).locator('tbody tr').first();
  await row.waitFor();
  expect(await row.innerText()).toMatch(/127\.0\.0\.1:\d+\s+0x[0-9a-f]+/);
});

test('shows a node: data, Stat and ACL, as text and as bytes', async () => {
  await page.getByRole('tab', { name: 'Tree' }).click();
  await node('app').click();
  await page.locator('.details .path', { hasText: '/app' }).first().waitFor();
  expect(await textOf('.details pre')).toBe('{"name":"orders"}');
  expect(await textOf('.stat')).toMatch(
    /kind\s+persistent[\s\S]*versions\s+data 0, children 1, ACL 0[\s\S]*children\s+1/,
  );
  expect(await textOf('.acl')).toMatch(/world\s+anyone\s+cdrwa/);
  // By the keyboard: into the node that the click has opened.
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await until('the child', DEADLINE_MS, async () => (await textOf('.details pre')).includes('00 01 ff 41'));
});

test('takes names and data for text, whatever they look like', async () => {
  await node(HOSTILE).click();
  await until('its data', DEADLINE_MS, async () => (await textOf('.details pre')) === HOSTILE_DATA);
  expect(await page.evaluate('[document.title, document.images.length, document.scripts.length].join()')).toMatch(
    /Threadkeeper,1,1$/,
  );
});

test('shows a node that is not for everybody to its owner', async () => {
  await node('private').click();
  await page.locator('.refusal', { hasText: 'Not authorized' }).waitFor();
  expect(await textOf('.details')).toContain('Not shown to you');
  await page.getByText('Look as another user').click();
  await page.getByRole('textbox', { name: 'User' }).fill('bob');
  await page.getByRole('textbox', { name: 'Password' }).fill('secret');
  await page.getByRole('button', { name: 'Log in' }).click();
  await until('the data', DEADLINE_MS, async () => (await page.locator('.details pre').count()) > 0);
  expect(await textOf('.details pre')).toBe('for bob');
  expect(await textOf('.acl')).toContain('digest');
  expect(await page.evaluate('JSON.stringify([localStorage.length, document.cookie, location.href])')).not.toContain(
    'secret',
  );
});

test('has asked this server alone, in peace with its own policy', async () => {
  const headers = (await page.request.get(origin)).headers();
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['x-frame-options']).toBe('DENY');
  expect(requested.filter((url) => !url.startsWith(`${origin}/`))).toEqual([]);
  expect(complaints).toEqual([]);
});

test('says when the server is gone', async () => {
  await server.kill();
  await page.locator('#pulse.lost', { hasText: 'does not answer' }).waitFor();
});
