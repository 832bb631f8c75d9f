// What a sub-command of `threadkeeper` is given and gives back. It runs on the main thread of a process of its own and may
// take as long as it likes: when its promise settles, the process ends as soon as nothing is left that keeps it.
// Everything it says goes through `out` and `err`, so that tests can listen; a full-screen one may use the process's own
// streams, and puts them back before it returns.

export interface SubCommandContext {
  /** The words behind the sub-command's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
}

/** Resolves to the exit code. */
export type SubCommand = (context: SubCommandContext) => Promise<number>;

export interface SubCommandRow {
  readonly name: string;
  /** Behind the name in the usage: which words it takes. Empty: none. */
  readonly words: string;
  readonly sentence: string;
  /** Its words are another program's: `-h` among them is that program's, too. */
  readonly passesWordsOn?: boolean;
  readonly load: () => Promise<SubCommand>;
}

/** Words that make no sense: its message and the usage on stderr, exit code 2. */
export class SubCommandUsageError extends Error {
  override readonly name = 'SubCommandUsageError';
}
