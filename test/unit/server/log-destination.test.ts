import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DescriptorDestination } from '../../../src/server/log-destination.js';
import { makeTempDir } from '../../testing/temp-dir.js';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

it('writes each line at once and whole', () => {
  using dir = makeTempDir('log-destination');
  const path = join(dir.path, 'log');
  const fd = openSync(path, 'w');
  const destination = new DescriptorDestination(fd);
  destination.write('one\n');
  expect(readFileSync(path, 'utf8')).toBe('one\n');
  destination.write('zwei: ü\n');
  expect(readFileSync(path, 'utf8')).toBe('one\nzwei: ü\n');
  closeSync(fd);
});

it('gives up a line that nobody reads, and tells how many when there is room again', () => {
  using dir = makeTempDir('log-destination');
  const path = join(dir.path, 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, O_RDWR | O_NONBLOCK);
  const destination = new DescriptorDestination(fd);
  const line = `${'x'.repeat(4095)}\n`;
  const fits = 16;
  for (let i = 0; i < fits; i++) destination.write(line);
  // The pipe holds 64 kB: the first line that finds it full waits for a while, those after it do not.
  const startedMs = performance.now();
  for (let i = 0; i < 1000; i++) destination.write(line);
  expect(performance.now() - startedMs).toBeLessThan(5000);
  const room = Buffer.alloc(fits * line.length);
  expect(readSync(fd, room)).toBe(room.length);
  destination.write('again\n');
  const rest = Buffer.alloc(1000);
  expect(rest.toString('utf8', 0, readSync(fd, rest))).toBe(
    '(1000 log lines were lost here: nobody read them)\nagain\n',
  );
  closeSync(fd);
});

it('survives a reader that has gone away', () => {
  using dir = makeTempDir('log-destination');
  const path = join(dir.path, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, O_RDONLY | O_NONBLOCK);
  const fd = openSync(path, O_WRONLY | O_NONBLOCK);
  closeSync(reader);
  const destination = new DescriptorDestination(fd);
  expect(() => destination.write('to nobody\n')).not.toThrow();
  closeSync(fd);
});
