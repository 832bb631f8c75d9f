import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findClientAddress } from '../../../../src/cli/zk-server/client-address.js';
import { makeTempDir, type TempDir } from '../../../testing/temp-dir.js';

let dir: TempDir;
let said: string[] = [];
beforeEach(() => {
  dir = makeTempDir('client-address');
  said = [];
});
afterEach(() => dir.remove());

function find(pairs: Record<string, string>) {
  return findClientAddress(new Map(Object.entries({ dataDir: dir.path, ...pairs })), (line) => said.push(line));
}

function writeMyid(text: string): void {
  mkdirSync(dir.path, { recursive: true });
  writeFileSync(join(dir.path, 'myid'), text);
}

it('clientPort comes first, with its address or localhost', () => {
  expect(find({ clientPort: '2181', 'server.1': 'a:1:2;9' })).toEqual({ host: 'localhost', port: 2181, secure: false });
  expect(find({ clientPort: '2181', clientPortAddress: '10.0.0.1' })?.host).toBe('10.0.0.1');
  expect(said).toEqual([]);
});

it.each([
  ['2181', 'localhost', 2181],
  ['0.0.0.0:2182', '0.0.0.0', 2182],
  ['[::1]:2183', '::1', 2183],
])('then the server’s own line: %s', (client, host, port) => {
  writeMyid('3\n');
  expect(find({ 'server.3': `a:1:2:participant;${client}`, 'server.1': 'b:1:2;9' })).toEqual({
    host,
    port,
    secure: false,
  });
  expect(said).toEqual([]);
});

it('then that line in the dynamic file', () => {
  writeMyid('3');
  const dynamic = join(dir.path, 'zoo.cfg.dynamic');
  writeFileSync(dynamic, 'server.3=a:1:2:participant;c:2184\n');
  expect(find({ dynamicConfigFile: dynamic })).toEqual({ host: 'c', port: 2184, secure: false });
  expect(said).toEqual(['Client port not found in static config file. Looking in dynamic config file.']);
});

it('then secureClientPort', () => {
  expect(find({ secureClientPort: '2281', secureClientPortAddress: 's' })).toEqual({
    host: 's',
    port: 2281,
    secure: true,
  });
  expect(said).toEqual([
    'myid could not be determined, will not able to locate clientPort in the server configs.',
    'Client port not found. Looking for secureClientPort in the static config.',
  ]);
});

it('and says where it has looked in vain', () => {
  writeMyid('3');
  expect(find({ clientPort: '0', 'server.3': 'a:1:2' })).toBeNull();
  expect(said).toEqual([
    'Client port not found in static config file. Looking in dynamic config file.',
    'Client port not found in the server configs',
    'Client port not found. Looking for secureClientPort in the static config.',
    'Unable to find either secure or unsecure client port in any configs. Terminating.',
  ]);
});
