// The numbers this process may end with, as ZooKeeper's scripts and operators know them, and the line that goes with
// them. Only the main thread ends the process; every other thread reports and lets the main thread decide.
// A code is never invented where one of these fits, and never reused for something else.

export const ExitCode = {
  executionFinished: 0,
  unexpectedError: 1,
  invalidInvocation: 2,
  unableToAccessDatadir: 3,
  errorStartingAdminServer: 4,
  txnLogErrorTakingSnapshot: 10,
  unmatchedTxnCommit: 12,
  unexpectedPacket: 13,
  unableToBindQuorumPort: 14,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The signals that end a server, and with which code: 128 plus the signal's number. */
export const EXIT_SIGNALS = {
  SIGHUP: ExitCode.hangup,
  SIGINT: ExitCode.interrupted,
  SIGTERM: ExitCode.terminated,
} as const;
export type ExitSignal = keyof typeof EXIT_SIGNALS;

/** The last line of the log before an exit that carries a code. Log shippers match on it, so it still says JVM. */
export function exitLine(code: ExitCode): string {
  return `Exiting JVM with code ${code}`;
}
