// The terminal of `threadkeeper top`: what it takes of a terminal it gives back, keys and new sizes come through, and the sequence
// of a special key is not taken for letters.

import { EventEmitter } from 'node:events';
import type { ReadStream, WriteStream } from 'node:tty';
import { expect, it } from 'vitest';
import { TopTerminal } from '../../../../src/cli/top/top-terminal.js';

class FakeTerminal extends EventEmitter {
  written = '';
  columns = 90;
  rows = 30;
  readonly modes: boolean[] = [];
  isReading = false;

  write(text: string): void {
    this.written += text;
  }
  setRawMode(isRaw: boolean): void {
    this.modes.push(isRaw);
  }
  setEncoding(): void {}
  resume(): void {
    this.isReading = true;
  }
  pause(): void {
    this.isReading = false;
  }
}

it('is taken whole and given back as it was', () => {
  const [input, output] = [new FakeTerminal(), new FakeTerminal()];
  const keys: string[] = [];
  let resized = 0;
  const streams = { input: input as unknown as ReadStream, output: output as unknown as WriteStream };
  const terminal = new TopTerminal(
    streams,
    (key) => keys.push(key),
    () => resized++,
  );
  terminal.open();
  expect([input.modes, input.isReading]).toEqual([[true], true]);
  input.emit('data', 'Sp');
  input.emit('data', '\u001b[A');
  input.emit('data', '\u0003');
  expect(keys).toEqual(['s', 'p', 'q']);
  output.emit('resize');
  expect([resized, terminal.columns, terminal.rows]).toEqual([1, 90, 30]);
  terminal.draw(['one', 'two']);
  expect(output.written.endsWith('\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J')).toBe(true);
  terminal.close();
  expect(output.written.endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l')).toBe(true);
  expect([input.modes, input.isReading]).toEqual([[true, false], false]);
  expect([input.listenerCount('data'), output.listenerCount('resize')]).toEqual([0, 0]);
});
