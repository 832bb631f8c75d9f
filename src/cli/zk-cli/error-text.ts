// The sentences for what a server refuses, as scripts know them from zkCli.sh, letter by letter and blank by blank. One
// table; what is not in it is shown as the client library says it. Pure. It tells expected failures from bugs, which
// have no sentence.

import { KeeperError } from '../../client/keeper-error.js';
import { ErrorCode } from '../../protocol/error-code.js';

const SENTENCES: Readonly<Record<number, (path: string | null) => string>> = {
  [ErrorCode.NoNode]: (path) => `Node does not exist: ${path}`,
  [ErrorCode.NoChildrenForEphemerals]: (path) => `Ephemerals cannot have children: ${path}`,
  [ErrorCode.NodeExists]: (path) => `Node already exists: ${path}`,
  [ErrorCode.NotEmpty]: (path) => `Node not empty: ${path}`,
  [ErrorCode.NotReadOnly]: (path) => `Not a read-only call: ${path}`,
  [ErrorCode.InvalidACL]: (path) => `Acl is not valid : ${path}`,
  [ErrorCode.NoAuth]: (path) => `Insufficient permission : ${path}`,
  [ErrorCode.BadArguments]: (path) => `Arguments are not valid : ${path}`,
  [ErrorCode.BadVersion]: (path) => `version No is not valid : ${path}`,
  [ErrorCode.QuotaExceeded]: (path) => `Quota has exceeded : ${path}`,
  [ErrorCode.ReconfigInProgress]: () =>
    'Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)',
  [ErrorCode.NewConfigNoQuorum]: () =>
    'No quorum of new config is connected and up-to-date with the leader of last commmitted config - try invoking ' +
    'reconfiguration after new servers are connected and synced',
};

/** Whether zkCli has words of its own for it. */
export function hasSentence(error: KeeperError): boolean {
  return SENTENCES[error.code] !== undefined;
}

/** null: not an expected outcome but a bug. */
export function errorText(error: unknown): string | null {
  if (error instanceof KeeperError) return SENTENCES[error.code]?.(error.path) ?? error.message;
  // InvalidPathError, CommandError, ConnectStringError: their message is the sentence.
  if (error instanceof Error && EXPECTED.has(error.name)) return error.message;
  return null;
}

const EXPECTED: ReadonlySet<string> = new Set(['InvalidPathError', 'CommandError', 'ConnectStringError']);
