// The streams of a real process, for offline tools. Output is gathered and written in big pieces, without Node's streams:
// those would keep all of a long dump in memory until the reader has taken it. Lives on the main thread, which it blocks.
// One per process; nobody else may write to these streams.

import { readSync, writeSync } from 'node:fs';
import { errorCodeOf } from '../../persistence/file-store.js';
import { type Tool, ToolFailure, type ToolIo } from './tool-io.js';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const GATHERED_CHARS_MAX = 1 << 16;
const READ_BYTES = 1 << 12;
const LINE_END = 0x0a;
const WAIT_MS = 1;

const EXIT_UNEXPECTED_ERROR = 1;

class ProcessIo implements ToolIo {
  private gathered = '';
  private unread = Buffer.alloc(0);
  private readonly bed = new Int32Array(new SharedArrayBuffer(4));

  out(text: string): void {
    this.gathered += text;
    if (this.gathered.length >= GATHERED_CHARS_MAX) this.flush();
  }

  err(text: string): void {
    this.flush();
    this.write(STDERR, text);
  }

  readLine(): string | null {
    this.flush(); // a question may be waiting there
    for (;;) {
      const end = this.unread.indexOf(LINE_END);
      if (end >= 0) return this.takeLine(end, end + 1);
      const chunk = Buffer.alloc(READ_BYTES);
      const count = this.patiently(() => readSync(STDIN, chunk, 0, READ_BYTES, null));
      if (count === 0) return this.unread.length === 0 ? null : this.takeLine(this.unread.length, this.unread.length);
      this.unread = Buffer.concat([this.unread, chunk.subarray(0, count)]);
    }
  }

  flush(): void {
    const text = this.gathered;
    this.gathered = '';
    if (text !== '') this.write(STDOUT, text);
  }

  private takeLine(end: number, next: number): string {
    const line = this.unread.toString('utf8', 0, end).replace(/\r$/, '');
    this.unread = this.unread.subarray(next);
    return line;
  }

  private write(stream: number, text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    let done = 0;
    while (done < bytes.length) done += this.patiently(() => writeSync(stream, bytes, done));
  }

  /** A pipe or terminal may have been made non-blocking by whoever else holds it. */
  private patiently(call: () => number): number {
    for (;;) {
      try {
        return call();
      } catch (error) {
        if (errorCodeOf(error) === 'EOF') return 0;
        if (errorCodeOf(error) !== 'EAGAIN') throw error;
        Atomics.wait(this.bed, 0, 0, WAIT_MS);
      }
    }
  }
}

/** Runs the tool with the arguments of this process and sets its exit code. */
export function runTool(tool: Tool): void {
  const io = new ProcessIo();
  try {
    process.exitCode = tool(process.argv.slice(2), io);
    io.flush();
  } catch (error) {
    // Whoever read our output has seen enough (`zkTxnLogToolkit log.1 | head`).
    if (errorCodeOf(error) === 'EPIPE') return;
    process.exitCode = error instanceof ToolFailure ? error.exitCode : EXIT_UNEXPECTED_ERROR;
    io.err(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}
