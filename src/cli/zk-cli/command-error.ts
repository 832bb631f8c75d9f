// What a command throws to fail: a sentence for stderr and the exit code that scripts look at. The interpreter catches
// it, says the sentence and keeps the code. Anything else that is thrown, errors of the server and bad paths excepted,
// is a bug and ends zkCli.

export const ExitCode = { Ok: 0, CommandFailed: 1, BadConfiguration: 2, CommandNotFound: 127 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = ExitCode.CommandFailed) {
    super(message);
    this.exitCode = exitCode;
  }
}
