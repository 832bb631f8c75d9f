// Brings a recorded data directory into a simulated disk and shows what a tree holds in the words of expect.json.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hex64, int64FromHalves } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8 } from '../../../src/base/utf8.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import type { FileStore } from '../../../src/persistence/file-store.js';
import { type RecoveredDatabase, type RecoveryOptions, recover } from '../../../src/persistence/recovery.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { SnapshotWriter, type SnapshotWriterOptions } from '../../../src/persistence/snapshot-writer.js';
import { decodeACLs } from '../../../src/protocol/acl.js';
import { decodeStatPersisted } from '../../../src/protocol/stored-records.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import { repositoryRoot } from '../../testing/repository-root.js';
import { digestFromScratch } from '../../testing/tree-digest-from-scratch.js';

export const FIXTURES = join(repositoryRoot, 'test/fixtures/persistence');
export const DATA_DIR = '/data';
export const VERSION_2 = '/data/version-2';

export interface ExpectedNode {
  readonly path: string;
  readonly data: string | null;
  readonly acl: readonly (readonly [number, string, string])[];
  readonly czxid: string;
  readonly mzxid: string;
  readonly pzxid: string;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: string;
  readonly numChildren: number;
}

export interface ExpectedState {
  readonly lastProcessedZxid: string;
  readonly treeDigest: string;
  readonly sessions: Readonly<Record<string, number>>;
  readonly nodes: readonly ExpectedNode[];
}

export interface FixtureCase {
  readonly expected: 'load' | 'refuse';
  readonly mustDo: string;
  readonly reference: Readonly<Record<string, { readonly replayed?: number; readonly digestMismatches?: number }>>;
  readonly state?: ExpectedState;
  readonly sameStateAs?: string;
}

export function fixtureNames(): string[] {
  return readdirSync(FIXTURES).filter((name) => statSync(join(FIXTURES, name)).isDirectory());
}

export function readCase(name: string): FixtureCase {
  return JSON.parse(readFileSync(join(FIXTURES, name, 'expect.json'), 'utf8')) as FixtureCase;
}

export function expectedState(name: string): ExpectedState {
  const { state, sameStateAs } = readCase(name);
  if (state !== undefined) return state;
  if (sameStateAs === undefined) throw new Error(`${name} has no state`);
  return expectedState(sameStateAs);
}

/** The case's files under /data, all durable. */
export function storeWith(name: string): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  const directory = join(FIXTURES, name, 'version-2');
  for (const file of readdirSync(directory)) store.place(`${VERSION_2}/${file}`, readFileSync(join(directory, file)));
  return store;
}

export function newTree(): DataTree {
  return new DataTree(createTreeMemory(1, 2), () => undefined);
}

export function recoverFrom(
  fileStore: RecoveryOptions['fileStore'],
  changes: Partial<RecoveryOptions> = {},
): RecoveredDatabase {
  return recover({
    fileStore,
    dataDir: DATA_DIR,
    dataLogDir: DATA_DIR,
    tree: newTree(),
    datadirAutocreate: true,
    dbAutocreate: true,
    trustEmptySnapshot: false,
    emulate353TtlNodes: false,
    warn: () => undefined,
    ...changes,
  });
}

/** Writes what the database holds, sessions included, without digest or compression unless `changes` says so. */
export function snapshotWriterOf(
  fileStore: FileStore,
  database: Pick<RecoveredDatabase, 'tree' | 'sessions'>,
  changes: Partial<SnapshotWriterOptions> = {},
): SnapshotWriter {
  return new SnapshotWriter({
    fileStore,
    directory: VERSION_2,
    reader: database.tree.reader,
    backOff: () => undefined,
    collectSessions: (add) => {
      for (const { idHi, idLo, timeoutMs } of database.sessions) add(idHi, idLo, timeoutMs);
    },
    waitUntilDurable: () => undefined,
    loaded: null,
    treeDigest: null,
    ...changes,
  });
}

/** What a recovered database holds, as expect.json writes it. */
export function stateOf(database: RecoveredDatabase): ExpectedState {
  const { reader } = database.tree;
  const nodes: ExpectedNode[] = [];
  const root = reader.find(new Uint8Array(0), 0, 0);
  const visit = (ref: number): void => {
    nodes.push(nodeOf(reader, ref));
    for (let i = 0; i < reader.childCount(ref); i++) visit(reader.childAt(ref, i));
  };
  visit(root);
  nodes.sort((a, b) => (a.path < b.path ? -1 : 1));
  const sessions: Record<string, number> = {};
  for (const { idHi, idLo, timeoutMs } of database.sessions) sessions[`0x${hex64(idHi, idLo)}`] = timeoutMs;
  return {
    lastProcessedZxid: `0x${hex64(database.lastZxidHi, database.lastZxidLo)}`,
    treeDigest: digestFromScratch(reader).toString(),
    sessions,
    nodes,
  };
}

function nodeOf(reader: TreeReader, ref: number): ExpectedNode {
  const path = pathOf(reader, ref);
  const stat = statOf(reader, ref);
  const dataLength = reader.dataLength(ref);
  const data = new Uint8Array(Math.max(dataLength, 0));
  reader.copyData(ref, data, 0, data.length);
  return {
    path: path === '' ? '/' : path,
    data: dataLength < 0 ? null : Buffer.from(data).toString('hex'),
    acl: aclOf(reader, ref),
    czxid: hex(stat.czxid),
    mzxid: hex(stat.mzxid),
    pzxid: hex(stat.pzxid),
    ctime: Number(stat.ctime),
    mtime: Number(stat.mtime),
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: hex(stat.ephemeralOwner),
    numChildren: reader.childCount(ref),
  };
}

function statOf(reader: TreeReader, ref: number): ReturnType<typeof decodeStatPersisted> {
  const bytes = new Uint8Array(60);
  reader.copyStatPersisted(ref, bytes, 0);
  return decodeStatPersisted(new JuteReader(bytes));
}

function pathOf(reader: TreeReader, ref: number): string {
  const bytes = new Uint8Array(reader.pathLength(ref));
  reader.copyPath(ref, bytes, 0);
  return decodeUtf8(bytes, 0, bytes.length);
}

function aclOf(reader: TreeReader, ref: number): [number, string, string][] {
  const aclRef = reader.aclRef(ref);
  if (aclRef === 0) return [[31, 'world', 'anyone']];
  const bytes = new Uint8Array(reader.aclLength(aclRef));
  reader.copyAcl(aclRef, bytes, 0);
  const list = decodeACLs(new JuteReader(bytes)) ?? [];
  return list.map((acl) => [acl.perms, acl.id.scheme ?? '', acl.id.id ?? '']);
}

function hex(value: bigint): string {
  return `0x${hex64(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)))}`;
}

export function hexOfZxid(hi: number, lo: number): string {
  return `0x${int64FromHalves(hi, lo).toString(16)}`;
}

/** Every node of a tree with all its fields, by path. */
export function nodesOf(reader: TreeReader): ExpectedNode[] {
  const nodes: ExpectedNode[] = [];
  const visit = (ref: number): void => {
    nodes.push(nodeOf(reader, ref));
    for (let i = 0; i < reader.childCount(ref); i++) visit(reader.childAt(ref, i));
  };
  visit(reader.find(new Uint8Array(0), 0, 0));
  return nodes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
