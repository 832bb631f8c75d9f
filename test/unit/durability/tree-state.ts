/**
 * What a database holds, as a map from path to one line of text: data, ACL and stored stat of each node, and the sessions.
 * Made once from the model and once from a recovered tree, so that two of them are equal or differ in lines to be shown.
 */
import { crc32 } from 'node:zlib';
import { int64FromHalves } from '../../../src/base/int64.js';
import { decodeUtf8 } from '../../../src/base/utf8.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { decodeACLs } from '../../../src/protocol/acl.js';
import { decodeStatPersisted, type StatPersisted } from '../../../src/protocol/stored-records.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import type { ModelNode, ModelTree } from '../processor/model/model-tree.js';

const CONTAINER_OWNER = -(2n ** 63n);
const TTL_OWNER = 0xff00_0000_0000_0000n;

export interface DatabaseState {
  readonly nodes: ReadonlyMap<string, string>;
  /** Session id to timeout. */
  readonly sessions: ReadonlyMap<bigint, number>;
  /** As persistence 5 defines it: of the model computed from the nodes one by one, of a tree what it has kept all along. */
  readonly digest: bigint;
}

interface Node {
  readonly data: Uint8Array | null;
  readonly acl: string;
  readonly stat: StatPersisted;
}

function lineOf({ data, acl, stat }: Node): string {
  const fields = Object.values(stat).join(' ');
  return `${data === null ? 'null' : Buffer.from(data).toString('hex')} [${acl}] ${fields}`;
}

/** The node's part of the tree digest: everything below /zookeeper counts nothing. */
function digestOf(path: string, { data, stat }: Node): bigint {
  if (path.startsWith('/zookeeper/')) return 0n;
  const fields = Buffer.alloc(60);
  let at = 0;
  for (const long of [stat.czxid, stat.mzxid, stat.pzxid, stat.ctime, stat.mtime])
    at = fields.writeBigInt64BE(long, at);
  for (const int of [stat.version, stat.cversion, stat.aversion]) at = fields.writeInt32BE(int, at);
  fields.writeBigInt64BE(stat.ephemeralOwner, at);
  return BigInt(crc32(Buffer.concat([Buffer.from(path === '/' ? '' : path), data ?? Buffer.alloc(0), fields])));
}

function stateOf(all: Iterable<readonly [string, Node]>, sessions: ReadonlyMap<bigint, number>): DatabaseState {
  const nodes = new Map<string, string>();
  let digest = 0n;
  for (const [path, node] of all) {
    nodes.set(path, lineOf(node));
    digest += digestOf(path, node);
  }
  return { nodes, sessions, digest: BigInt.asUintN(64, digest) };
}

export function stateOfModel(model: ModelTree, sessions: ReadonlyMap<bigint, number>): DatabaseState {
  return stateOf(
    [...model.entries].map(([path, node]) => [path, modelNode(node)] as const),
    new Map(sessions),
  );
}

function modelNode(node: ModelNode): Node {
  const { czxid, mzxid, ctime, mtime, version, cversion, aversion, pzxid } = node;
  return {
    data: node.data,
    acl: node.acl.join(', '),
    stat: { czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner: ownerOf(node), pzxid },
  };
}

function ownerOf({ kind, owner, ttlMs }: ModelNode): bigint {
  switch (kind) {
    case 'container':
      return CONTAINER_OWNER;
    case 'ttl':
      return BigInt.asIntN(64, TTL_OWNER | ttlMs);
    default:
      return owner;
  }
}

export function stateOfTree(reader: TreeReader, sessions: ReadonlyMap<bigint, number>): DatabaseState {
  const nodes: (readonly [string, Node])[] = [];
  const visit = (ref: number): void => {
    nodes.push(treeNode(reader, ref));
    for (let i = 0; i < reader.childCount(ref); i++) visit(reader.childAt(ref, i));
  };
  visit(reader.find(new Uint8Array(0), 0, 0));
  const kept = int64FromHalves(reader.treeDigestHi(), reader.treeDigestLo());
  return { ...stateOf(nodes, sessions), digest: BigInt.asUintN(64, kept) };
}

function treeNode(reader: TreeReader, ref: number): readonly [string, Node] {
  const path = new Uint8Array(reader.pathLength(ref));
  reader.copyPath(ref, path, 0);
  const dataLength = reader.dataLength(ref);
  const data = new Uint8Array(Math.max(dataLength, 0));
  reader.copyData(ref, data, 0, data.length);
  const stat = new Uint8Array(60);
  reader.copyStatPersisted(ref, stat, 0);
  return [
    decodeUtf8(path, 0, path.length) || '/',
    {
      data: dataLength < 0 ? null : data,
      acl: aclOf(reader, ref),
      stat: decodeStatPersisted(new JuteReader(stat)),
    },
  ];
}

function aclOf(reader: TreeReader, ref: number): string {
  const aclRef = reader.aclRef(ref);
  if (aclRef === 0) return '31 world:anyone';
  const bytes = new Uint8Array(reader.aclLength(aclRef));
  reader.copyAcl(aclRef, bytes, 0);
  const list = decodeACLs(new JuteReader(bytes)) ?? [];
  return list.map(({ perms, id }) => `${perms} ${id.scheme}:${id.id}`).join(', ');
}

/** Null when they are equal, else the first things that differ. */
export function differenceOf(expected: DatabaseState, actual: DatabaseState): string | null {
  const lines: string[] = [];
  for (const path of new Set([...expected.nodes.keys(), ...actual.nodes.keys()])) {
    const [due, is] = [expected.nodes.get(path), actual.nodes.get(path)];
    if (due !== is) lines.push(`${path}: ${due ?? 'not there'} was due, not ${is ?? 'nothing'}`);
  }
  for (const id of new Set([...expected.sessions.keys(), ...actual.sessions.keys()])) {
    const [due, is] = [expected.sessions.get(id), actual.sessions.get(id)];
    if (due !== is) lines.push(`session ${id.toString(16)}: ${due ?? 'none'} was due, not ${is ?? 'none'}`);
  }
  if (lines.length === 0 && expected.digest !== actual.digest) lines.push('the digests differ');
  return lines.length === 0 ? null : lines.slice(0, 4).join('; ');
}

/** Sessions as recovery lists them. */
export function sessionsOf(list: readonly { idHi: number; idLo: number; timeoutMs: number }[]): Map<bigint, number> {
  return new Map(list.map(({ idHi, idLo, timeoutMs }) => [int64FromHalves(idHi, idLo), timeoutMs]));
}
