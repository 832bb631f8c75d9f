// get_node: data, Stat and ACL of one node; our own addition, for the tree in the browser. Parameters: `path`, and `bytes`, how much
// of the data is wanted. Main thread, bounded work; reads only, and shows what the ACL lets this caller see (tree-access.ts).
// Whoever may not read a node gets its Stat alone, as by `exists`.

import { type AclEntry, Permission } from '../../processor/acl.js';
import type { NodeReading, NodeStat } from '../../server/node-view.js';
import type { CommandAnswer } from '../command.js';
import type { JsonObject } from '../json-text.js';
import { countOf } from '../node-parameters.js';
import { treeCommand } from '../tree-command.js';

const DATA_DEFAULT_BYTES = 1 << 16;
const DATA_MAX_BYTES = 1 << 18;
/** As zkCli writes them. */
const LETTERS = [
  [Permission.create, 'c'],
  [Permission.delete, 'd'],
  [Permission.read, 'r'],
  [Permission.write, 'w'],
  [Permission.admin, 'a'],
] as const;

export const getNode = treeCommand<NodeReading>('get_node', 'path, and bytes as a number', (parameters) => {
  const bytes = countOf(parameters, 'bytes', DATA_DEFAULT_BYTES, DATA_MAX_BYTES);
  if (bytes === null) return null;
  return { read: (view, path, identities) => view.readNode(path, identities, bytes), answer: answerOf };
});

function answerOf(path: string, { stat, mayRead, data, acl }: NodeReading): CommandAnswer {
  const fields: JsonObject = {
    path,
    data: data === null ? null : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    data_shown: data?.length ?? 0,
    stat: statFields(stat),
    acl: acl === null ? null : acl.map(aclFields),
  };
  return mayRead ? { fields } : { status: 403, fields, error: 'Not authorized' };
}

function statFields(stat: NodeStat): JsonObject {
  return {
    kind: stat.kind,
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    pzxid: stat.pzxid,
    ctime: stat.ctimeMs,
    mtime: stat.mtimeMs,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeral_owner: stat.owner,
    data_length: stat.dataLength,
    child_count: stat.childCount,
    ttl_ms: stat.ttlMs,
  };
}

function aclFields({ perms, scheme, id }: AclEntry): JsonObject {
  const letters = LETTERS.map(([bit, letter]) => ((perms & bit) === 0 ? '' : letter)).join('');
  return { scheme, id, perms: letters };
}
