// Reads commands from stdin until it ends or quit is typed. On a terminal with prompt, line editing, history and
// completion; otherwise just lines, without a prompt, one carried out after the other. A shell: the only part of zkCli
// besides its main file that touches the process.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { type Completion, complete } from './completer.js';
import type { Interpreter } from './interpreter.js';
import { LineHistory } from './line-history.js';

/** As shells report a process that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

/** Lines from stdin, none of them carried out. */
export async function runPiped(interpreter: Interpreter, input: NodeJS.ReadableStream): Promise<void> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, terminal: false });
  for await (const line of lines) {
    await interpreter.runLine(line);
    if (interpreter.isDone) break;
  }
  lines.close();
}

export class InteractiveSession {
  private readonly interpreter: Interpreter;
  private readonly history = new LineHistory(join(homedir(), '.zkcli_history'));
  private readonly lines: Interface;
  private readonly pending: string[] = []; // typed or pasted while a command runs
  private isRunning = false;
  private readonly onDone: (exitCode: number) => void;

  constructor(interpreter: Interpreter, onDone: (exitCode: number) => void) {
    this.interpreter = interpreter;
    this.onDone = onDone;
    this.lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: this.history.load(),
      removeHistoryDuplicates: true,
      completer: (line: string, callback: (error: null, completion: Completion) => void) => {
        void complete(line, this.interpreter.session).then((completion) => callback(null, completion));
      },
    });
    this.lines.on('line', (line) => this.onLine(line));
    this.lines.on('close', () => this.onDone(this.interpreter.exitCode));
    // A command that hangs is given up together with the process; otherwise only the line that was begun.
    this.lines.on('SIGINT', () => (this.isRunning ? this.onDone(EXIT_INTERRUPTED) : this.clearLine()));
    this.showPrompt();
  }

  /** Something was printed over the prompt: show it again, with what was typed so far. */
  redraw(): void {
    if (!this.isRunning) this.showPrompt(true);
  }

  private onLine(line: string): void {
    this.history.append(line);
    this.pending.push(line);
    if (!this.isRunning) void this.runPending();
  }

  private async runPending(): Promise<void> {
    this.isRunning = true;
    for (let line = this.pending.shift(); line !== undefined; line = this.pending.shift()) {
      await this.interpreter.runLine(line);
      if (!this.interpreter.isDone) continue;
      this.lines.close();
      return;
    }
    this.isRunning = false;
    this.showPrompt();
  }

  private clearLine(): void {
    process.stdout.write('\n');
    this.lines.write(null, { ctrl: true, name: 'u' });
    this.showPrompt();
  }

  private showPrompt(keepCursor = false): void {
    this.lines.setPrompt(this.interpreter.prompt);
    this.lines.prompt(keepCursor);
  }
}
