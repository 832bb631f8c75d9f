/**
 * Tree and sessions of a member in words: each node with everything that must be the same everywhere, and the sessions that are
 * open.
 */
import { int64FromHalves } from '../../../src/base/int64.js';
import { decodeUtf8 } from '../../../src/base/utf8.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { decodeStatPersisted } from '../../../src/protocol/stored-records.js';
import { type SessionTable, SlotState } from '../../../src/session/session-table.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import type { NodeState } from '../invariants/session-state.js';

export function memberNodes(reader: TreeReader): NodeState[] {
  const nodes: NodeState[] = [];
  const visit = (ref: number): void => {
    nodes.push(nodeOf(reader, ref));
    for (let i = 0; i < reader.childCount(ref); i++) visit(reader.childAt(ref, i));
  };
  visit(reader.find(new Uint8Array(0), 0, 0));
  return nodes;
}

function nodeOf(reader: TreeReader, ref: number): NodeState {
  const path = new Uint8Array(reader.pathLength(ref));
  reader.copyPath(ref, path, 0);
  const length = reader.dataLength(ref);
  const data = new Uint8Array(Math.max(length, 0));
  reader.copyData(ref, data, 0, data.length);
  const bytes = new Uint8Array(60);
  reader.copyStatPersisted(ref, bytes, 0);
  const { ephemeralOwner: owner, ...stat } = decodeStatPersisted(new JuteReader(bytes));
  const name = decodeUtf8(path, 0, path.length) || '/';
  // The members' own text, which each of them writes at its start, by its own clock.
  const times = name === '/zookeeper/config' ? '' : Object.values(stat).join(' ');
  return { path: name, owner, text: `${length} ${decodeUtf8(data, 0, data.length)} ${times}` };
}

/** Those that all members know, or those that this one is alone in knowing. */
export function memberSessions(sessions: SessionTable, isLocal = false): Set<bigint> {
  const open = new Set<bigint>();
  for (let slot = 0; slot < sessions.slotCountUsed; slot++) {
    if (sessions.state(slot) !== SlotState.open) continue; // a closed one keeps its slot until prep has its next turn
    if (sessions.isUnlogged(slot) === isLocal)
      open.add(int64FromHalves(sessions.sessionHi(slot), sessions.sessionLo(slot)));
  }
  return open;
}
