// Why a server did not start: the errors that are the operator's to mend, each with its exit code and its sentence,
// and the one place that turns any error thrown during a start into log lines, a line on stderr and a code.
// Used by the main thread only. Expected errors show their chain of causes and no stack: a stack would hide the line
// that matters. An unexpected error shows its stack, because it is a bug of ours.

import type { Logger } from '../actor/logger.js';
import { ExitCode } from './exit-code.js';

export const USAGE = 'Usage: ZooKeeperServerMain configfile | port datadir [ticktime] [maxcnxns]';

export abstract class StartError extends Error {
  abstract readonly exitCode: ExitCode;
  abstract readonly sentence: string;
}

/** Wrong words on the command line. */
export class InvocationError extends StartError {
  override readonly name = 'InvocationError';
  readonly exitCode = ExitCode.invalidInvocation;
  readonly sentence = 'Invalid arguments, exiting abnormally';
}

/** A configuration that does not make sense. */
export class ConfigError extends StartError {
  override readonly name = 'ConfigError';
  readonly exitCode = ExitCode.invalidInvocation;
  readonly sentence = 'Invalid config, exiting abnormally';
}

/** A data directory that is missing, not writable, or not what the configuration says it is. */
export class DatadirError extends StartError {
  override readonly name = 'DatadirError';
  readonly exitCode = ExitCode.unableToAccessDatadir;
  readonly sentence = 'Unable to access datadir, exiting abnormally';
}

/** A port that cannot be opened: somebody else's, or not this machine's to give. */
export class PortError extends StartError {
  override readonly name = 'PortError';
  readonly exitCode = ExitCode.unexpectedError;
  readonly sentence = 'Unexpected exception, exiting abnormally';
}

/** An authentication setup that cannot do what it says: a login configuration, an algorithm. */
export class AuthSetupError extends StartError {
  override readonly name = 'AuthSetupError';
  readonly exitCode = ExitCode.unexpectedError;
  readonly sentence = 'Unexpected exception, exiting abnormally';
}

/** The metrics provider cannot be started: its port is somebody else's. */
export class MetricsStartError extends StartError {
  override readonly name = 'MetricsStartError';
  readonly exitCode = ExitCode.unexpectedError;
  readonly sentence = 'Unexpected exception, exiting abnormally';

  constructor(className: string, cause: unknown) {
    super(`Cannot boot MetricsProvider ${className}`, { cause });
  }
}

/** A member that none of the members' lines names: also one that a reconfiguration has removed. */
export class NoMemberError extends StartError {
  override readonly name = 'NoMemberError';
  readonly exitCode = ExitCode.unexpectedError;
  readonly sentence = 'Unexpected exception, exiting abnormally';
}

/** Authentication is enforced, but nobody could authenticate himself that way. */
export class EnforcedAuthError extends StartError {
  override readonly name = 'EnforcedAuthError';
  readonly exitCode = ExitCode.invalidInvocation;
  readonly sentence = 'Invalid arguments, exiting abnormally';
}

/** What to print, and what to end with. */
export interface StartFailure {
  readonly exitCode: ExitCode;
  /** For stderr: one line, with the reason, because it is all that a terminal or a supervisor may show. */
  readonly stderrLine: string;
}

export function reportStartFailure(error: unknown, log: Logger): StartFailure {
  if (error instanceof InvocationError) {
    log.error(error.sentence, { error });
    log.info(USAGE);
    return { exitCode: error.exitCode, stderrLine: USAGE };
  }
  if (error instanceof StartError) {
    log.error(error.sentence, { error });
    return { exitCode: error.exitCode, stderrLine: `${error.sentence}: ${causeChain(error)}` };
  }
  const sentence = 'Unexpected exception, exiting abnormally';
  log.error(sentence, { error });
  return { exitCode: ExitCode.unexpectedError, stderrLine: `${sentence}: ${causeChain(error)}` };
}

/** Messages of an error and its causes, from the outside in: `Error processing zoo.cfg: dataDir is not set`. */
export function causeChain(error: unknown): string {
  const messages: string[] = [];
  for (let at: unknown = error; at !== undefined && at !== null && messages.length < 8; ) {
    if (!(at instanceof Error)) {
      messages.push(String(at));
      break;
    }
    const message = describe(at);
    // Many an error says in its own words what caused it.
    if (!messages.some((said) => said.includes(message))) messages.push(message);
    at = at.cause;
  }
  return messages.join(': ');
}

/** System errors in words an operator searches for; everything else as it is. */
function describe(error: Error): string {
  const { code, port, address } = error as Error & { code?: unknown; port?: unknown; address?: unknown };
  if (code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL' || code === 'EACCES') {
    const reason = BIND_REASONS[code];
    const host = typeof address === 'string' ? address : '0.0.0.0';
    const shown = host.includes(':') ? `[${host}]` : host;
    if (typeof port === 'number' && port >= 0) return `cannot bind to ${shown}:${port}: ${reason}`;
  }
  return error.message === '' ? error.name : error.message;
}

const BIND_REASONS = {
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EACCES: 'Permission denied',
} as const;
