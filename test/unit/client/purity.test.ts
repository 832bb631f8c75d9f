/** The client may be driven by a simulator only while nothing but its shells touches the real world. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../../src/client');
const SHELLS = ['net-transport.ts', 'node-client-ports.ts', 'tls-transport.ts'];
const BANNED =
  /\bDate\.now|\bnew Date\b|Math\.random|\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bprocess\.|\bperformance\b|\bBuffer\b\.|from 'node:|\bawait\b/;

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));

test('there are sources to look at', () => {
  expect(files).toEqual(expect.arrayContaining(['client-cnxn.ts', ...SHELLS]));
});

test.each(files.filter((name) => !SHELLS.includes(name)))(
  '%s takes time, chance and sockets as they are given',
  (name) => {
    const lines = readFileSync(join(FOLDER, name), 'utf8').split('\n');
    const offending = lines.filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line) && BANNED.test(line));
    expect(offending).toEqual([]);
  },
);
