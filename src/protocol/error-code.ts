// Error codes as they travel on the wire and in error txns (KeeperException.Code), and the words that Java puts behind
// `KeeperErrorCode = `, which scripts match on. Expected outcomes are these numbers on the request, never exceptions.
// Any thread; constants only.

export const ErrorCode = {
  Ok: 0,
  SystemError: -1, // also the threshold: everything from here to -99 is a server or system error
  RuntimeInconsistency: -2,
  DataInconsistency: -3,
  ConnectionLoss: -4,
  MarshallingError: -5,
  Unimplemented: -6,
  OperationTimeout: -7,
  BadArguments: -8,
  UnknownSession: -12,
  NewConfigNoQuorum: -13,
  ReconfigInProgress: -14,
  APIError: -100, // threshold only: below it are the errors of the interface
  NoNode: -101,
  NoAuth: -102,
  BadVersion: -103,
  NoChildrenForEphemerals: -108,
  NodeExists: -110,
  NotEmpty: -111,
  SessionExpired: -112,
  InvalidCallback: -113,
  InvalidACL: -114,
  AuthFailed: -115,
  SessionMoved: -118, // never sent: it closes the connection
  NotReadOnly: -119,
  EphemeralOnLocalSession: -120,
  NoWatcher: -121,
  RequestTimeout: -122,
  ReconfigDisabled: -123,
  SessionClosedRequireSaslAuth: -124,
  QuotaExceeded: -125,
  ThrottledOp: -127,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Where Java's words are not simply the name of the code. */
const WORDS: Readonly<Record<number, string>> = {
  [ErrorCode.Ok]: 'ok',
  [ErrorCode.NotEmpty]: 'Directory not empty',
  [ErrorCode.UnknownSession]: 'Unknown error UNKNOWNSESSION',
  [ErrorCode.SessionExpired]: 'Session expired',
  [ErrorCode.InvalidCallback]: 'Invalid callback',
  [ErrorCode.SessionMoved]: 'Session moved',
  [ErrorCode.NotReadOnly]: 'Not a read-only call',
  [ErrorCode.EphemeralOnLocalSession]: 'Ephemeral node on local session',
  [ErrorCode.NoWatcher]: 'No such watcher',
  [ErrorCode.RequestTimeout]: 'Unknown error REQUESTTIMEOUT',
  [ErrorCode.ReconfigDisabled]: 'Reconfig is disabled',
  [ErrorCode.SessionClosedRequireSaslAuth]: 'Session closed because client failed to authenticate',
  [ErrorCode.QuotaExceeded]: 'Quota has exceeded',
  [ErrorCode.ThrottledOp]: 'Op throttled due to high load',
};

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ErrorCode).map(([name, code]) => [code, WORDS[code] ?? name]),
);

/** What follows `KeeperErrorCode = `; `Unknown error <code>` for a number that is no code. */
export function errorName(code: number): string {
  return NAMES.get(code) ?? `Unknown error ${code}`;
}
