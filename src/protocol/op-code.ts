// The numbers of ZooKeeper's operations, under the names its users know (ZooDefs.OpCode). One table: requests, results
// of a multi and txns in the log use the same numbers. Any thread; constants only.
// A number is never reused, and one that only travels between our own stages has no place here.

export const OpCode = {
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
  error: -1,
} as const;
export type OpCode = (typeof OpCode)[keyof typeof OpCode];

const NOT_FOR_CLIENTS: ReadonlySet<number> = new Set([
  OpCode.notification,
  OpCode.error,
  OpCode.check,
  // A client that sent these to the reference could remove nodes without permission, or confuse its own connection: [D] of 3.5.
  OpCode.deleteContainer,
  OpCode.createSession,
]);
const FOR_CLIENTS: ReadonlySet<number> = new Set(Object.values(OpCode).filter((code) => !NOT_FOR_CLIENTS.has(code)));

/** Whether a client may send this code as a request of its own (client-protocol 3.5). */
export function isClientOperation(code: number): boolean {
  return FOR_CLIENTS.has(code);
}

/** xids with a meaning of their own; every other xid is only echoed. */
export const Xid = {
  notification: -1,
  ping: -2,
  auth: -4,
  setWatches: -8,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(OpCode).map(([name, code]) => [code, name]));

/** `unknown <code>` for numbers that are no operation. */
export function opName(code: number): string {
  return NAMES.get(code) ?? `unknown ${code}`;
}
