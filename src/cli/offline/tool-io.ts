// What an offline tool may do with the process that runs it: write to two streams and read lines. A port, so that tools
// run in tests without a process; process-io.ts is the real one. Everything is synchronous: these tools do one thing.
// A tool must never touch the process itself.

export interface ToolIo {
  /** stdout, exactly this. */
  out(text: string): void;
  /** stderr, exactly this. */
  err(text: string): void;
  /** The next line of stdin without its end, null when there is no more. */
  readLine(): string | null;
}

/** The tool cannot do its work: one sentence for stderr, and the exit code. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Returns the exit code. */
export type Tool = (args: readonly string[], io: ToolIo) => number;
