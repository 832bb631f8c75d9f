/**
 * What the database has to be after each transaction of one run, computed from what the clients sent by a tree that is a plain Map
 * (model-tree.ts), in the order in which the log says the requests were executed.
 */
import { readInt32 } from '../../../src/base/bytes.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { decodeTxnEntry } from '../../../src/protocol/txns.js';
import type { LoggedTxn } from '../../testing/inline/recorded-log.js';
import type { ModelConnection } from '../processor/model/model-connection.js';
import { ModelTree, type WriteRequest } from '../processor/model/model-tree.js';
import { type DatabaseState, stateOfModel } from './tree-state.js';

interface Execution {
  readonly connection: ModelConnection;
  readonly request: WriteRequest;
}

/** Index = zxid: the state after it, 0 = the empty database. */
export function statesOf(
  connections: readonly ModelConnection[],
  logged: readonly LoggedTxn[],
  extendedTypes: boolean,
): readonly DatabaseState[] {
  const model = new ModelTree(extendedTypes);
  const sessions = new Map<bigint, number>();
  const requests = new Map<string, Execution>();
  for (const connection of connections) {
    for (const sent of connection.sent) {
      if (sent.kind !== 'write') continue;
      requests.set(`${connection.sessionId} ${sent.xid}`, { connection, request: sent.request });
    }
  }
  const states = [stateOfModel(model, sessions)];
  for (const txn of logged) {
    if (txn.zxid !== BigInt(states.length)) throw new Error(`zxid ${txn.zxid} was logged as number ${states.length}`);
    apply(txn, model, sessions, requests.get(`${txn.sessionId} ${txn.cxid}`));
    states.push(stateOfModel(model, sessions));
  }
  return states;
}

function apply(
  txn: LoggedTxn,
  model: ModelTree,
  sessions: Map<bigint, number>,
  execution: Execution | undefined,
): void {
  const { zxid, timeMs, sessionId } = txn;
  if (txn.type === OpCode.createSession) {
    sessions.set(sessionId, readInt32(txn.entry, 32));
  } else if (txn.type === OpCode.closeSession) {
    const { body } = decodeTxnEntry(new JuteReader(txn.entry));
    model.closeSession(sessionId, zxid, body.type === OpCode.closeSession ? (body.txn?.paths2Delete ?? []) : []);
    sessions.delete(sessionId);
  } else if (sessionId === 0n) {
    const { body } = decodeTxnEntry(new JuteReader(txn.entry));
    if (body.type === OpCode.deleteContainer) model.deleteContainer(body.txn.path as string, zxid, timeMs);
  } else {
    if (execution === undefined) throw new Error(`zxid ${zxid} was given to a request that nobody sent`);
    const { connection, request } = execution;
    const isOpen = sessions.has(sessionId);
    const { err } = model.write(request, { zxid, timeMs, sessionId, identities: connection.identities, isOpen });
    const loggedError = txn.type === OpCode.error ? readInt32(txn.entry, 32) : 0;
    if (err !== loggedError) throw new Error(`zxid ${zxid}: logged with ${loggedError}, the model says ${err}`);
  }
}
