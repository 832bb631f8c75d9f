// The whole terminal, for as long as `top` runs: the other screen, without a cursor and line wrapping, keys as they are pressed, told of
// each change of size. Owns the process's stdin and stdout meanwhile, and gives them back as they were, whatever ends it.
// No terminal library: the sequences are those every terminal of the last thirty years knows.

import type { ReadStream, WriteStream } from 'node:tty';

const OPEN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const CLOSE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const INTERRUPT = '\u0003';
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

export interface TerminalStreams {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

export class TopTerminal {
  private readonly streams: TerminalStreams;
  private readonly onKey: (key: string) => void;
  private readonly onResize: () => void;

  /** `onKey` also for ^C, as `q`. */
  constructor(streams: TerminalStreams, onKey: (key: string) => void, onResize: () => void) {
    this.streams = streams;
    this.onKey = onKey;
    this.onResize = onResize;
  }

  get columns(): number {
    return this.streams.output.columns || COLUMNS_DEFAULT;
  }

  get rows(): number {
    return this.streams.output.rows || ROWS_DEFAULT;
  }

  open(): void {
    const { input, output } = this.streams;
    output.write(OPEN);
    output.on('resize', this.onResize);
    input.setRawMode(true);
    input.setEncoding('utf8');
    input.on('data', this.listen);
    input.resume();
  }

  /** One write, over what was there: nothing flickers. */
  draw(lines: readonly string[]): void {
    const text = lines.map((line) => line + CLEAR_LINE).join('\r\n');
    this.streams.output.write(HOME + text + CLEAR_BELOW);
  }

  close(): void {
    const { input, output } = this.streams;
    input.off('data', this.listen);
    input.setRawMode(false);
    input.pause();
    output.off('resize', this.onResize);
    output.write(CLOSE);
  }

  private readonly listen = (text: unknown): void => {
    const keys = String(text);
    // The sequence of a special key is not the letters it is made of.
    if (keys.startsWith('\u001b')) return;
    for (const key of keys) this.onKey(key === INTERRUPT ? 'q' : key.toLowerCase());
  };
}
