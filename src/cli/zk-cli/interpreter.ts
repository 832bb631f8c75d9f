// Carries out zkCli's commands one after the other: keeps the session they use, the numbered history, and the exit code
// that the last of them leaves. Owned by one zkCli process. It knows streams only as a Terminal and sessions only through
// the function that opens them, so it runs in tests as it runs in a shell.

import { KeeperError } from '../../client/keeper-error.js';
import type { WatchedEvent } from '../../client/watched-event.js';
import { watchedEventText } from '../../client/watched-event.js';
import type { ZooKeeper } from '../../client/zookeeper.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { CommandError, ExitCode } from './command-error.js';
import { parseInt32 } from './command-options.js';
import { commandTable, usageBlock } from './command-table.js';
import { errorText } from './error-text.js';
import { eventJson, type JsonAnswer } from './json-answers.js';
import { splitLine } from './split-line.js';
import type { Terminal } from './terminal.js';

const HISTORY_SHOWN = 11;
/** What a prompt shows before there is a session at all. */
const NOT_CONNECTED = 'NOT_CONNECTED';

export type OpenSession = (server: string, watcher: (event: WatchedEvent) => void) => ZooKeeper;

export class Interpreter {
  private readonly terminal: Terminal;
  private readonly json: JsonAnswer | null;
  private readonly openSession: OpenSession;
  private server: string;
  private zk: ZooKeeper | null = null;
  private readonly lines: string[] = []; // Invariant: one per command that began, the running one included
  private printsWatches = true;
  private code: number = ExitCode.Ok;
  private quits = false;

  /** asJson: answers and events as JSON, one to the line. */
  constructor(terminal: Terminal, openSession: OpenSession, server: string, asJson = false) {
    this.terminal = terminal;
    this.json = asJson ? (answer) => terminal.out(JSON.stringify(answer)) : null;
    this.openSession = openSession;
    this.server = server;
  }

  /** Of the last command. */
  get exitCode(): number {
    return this.code;
  }

  /** quit was called: no further command. */
  get isDone(): boolean {
    return this.quits;
  }

  get session(): ZooKeeper | null {
    return this.zk;
  }

  get prompt(): string {
    return `[zk: ${this.server}(${this.zk?.state ?? NOT_CONNECTED}) ${this.lines.length}] `;
  }

  /** Begins a session with the server, after closing the one there was. Does not wait for it. */
  async connect(server: string): Promise<void> {
    if (this.zk?.isAlive) await this.zk.close();
    this.server = server;
    this.zk = this.openSession(server, (event) => this.onEvent(event));
  }

  /** One line as typed. Empty ones do not count. */
  async runLine(line: string): Promise<void> {
    if (line.trim() === '') return;
    this.lines.push(line);
    await this.runWords(splitLine(line));
  }

  /** One command; its failure is told and becomes the exit code. */
  async runWords(words: readonly string[]): Promise<void> {
    try {
      await this.dispatch(words);
    } catch (error) {
      const text = errorText(error);
      if (text === null) throw error;
      this.terminal.err(text);
      if (error instanceof KeeperError && error.code === ErrorCode.ConnectionLoss) await this.tellWhy(error.cause);
      this.code = error instanceof CommandError ? error.exitCode : ExitCode.CommandFailed;
    }
  }

  /** A session that was there once will be there again; where there never was one, the address is what to look at. */
  private async tellWhy(cause: unknown): Promise<void> {
    if (this.zk?.sessionId !== 0n) return;
    const { whyUnreachable } = await import('./why-unreachable.js');
    const told = await whyUnreachable(this.server);
    for (const line of told) this.terminal.err(line);
    // They look as servers do; what this client met (a certificate that is refused, say) it alone knows.
    if (told.length === 0 && cause instanceof Error && cause.message !== '') this.terminal.err(cause.message);
  }

  private async dispatch(words: readonly string[]): Promise<void> {
    const name = words[0] ?? '';
    if (name === 'quit') {
      await this.zk?.close();
      this.quits = true; // and the exit code stays that of the command before
      return;
    }
    if (name === 'redo') {
      await this.redo(words[1]);
      return;
    }
    await this.runOther(name, words);
    this.code = ExitCode.Ok;
  }

  private async runOther(name: string, words: readonly string[]): Promise<void> {
    switch (name) {
      case 'history':
        this.showHistory();
        return;
      case 'printwatches':
        if (words[1] === undefined) this.terminal.out(`printwatches is ${this.printsWatches ? 'on' : 'off'}`);
        else this.printsWatches = words[1] === 'on';
        return;
      case 'connect':
        await this.connect(words[1] ?? this.server);
        return;
    }
    const command = commandTable.get(name);
    if (command === undefined && name !== 'close') {
      this.terminal.err(usageBlock());
      throw new CommandError(`Command not found: Command not found ${name}`, ExitCode.CommandNotFound);
    }
    if (this.zk === null || !this.zk.isAlive) {
      this.terminal.out('Not connected');
      return;
    }
    if (command === undefined) await this.zk.close();
    else await command.run(words, { zk: this.zk, terminal: this.terminal, json: this.json });
  }

  /** The line takes the place of the redo in the history, so that it can be redone by its new number as well. */
  private async redo(number: string | undefined): Promise<void> {
    if (number === undefined) return;
    const index = parseInt32(number);
    const line = this.lines[index];
    if (line === undefined || index >= this.lines.length - 1) throw new CommandError('Command index out of range');
    const words = splitLine(line);
    if (words[0] === 'redo') throw new CommandError('No redoing redos');
    this.lines[this.lines.length - 1] = line;
    await this.dispatch(words);
  }

  private showHistory(): void {
    const first = Math.max(0, this.lines.length - HISTORY_SHOWN);
    for (let i = first; i < this.lines.length; i++) this.terminal.out(`${i} - ${this.lines[i]}`);
  }

  private onEvent(event: WatchedEvent): void {
    if (!this.printsWatches) return;
    if (this.json === null) this.terminal.out(`\nWATCHER::\n\n${watchedEventText(event)}`);
    else if (event.path !== null) this.json(eventJson(event));
  }
}
