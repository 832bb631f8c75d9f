// A data tree that speaks strings, for tests: each mutator runs in a write section of its own, as one txn does.
import { decodeUtf8, encodeUtf8, utf8Length } from '../../../src/base/utf8.js';
import { NO_ACL } from '../../../src/persistence/snapshot-content-decoder.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import type { SlabSource } from '../../../src/store/slab-memory.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import { TreeReader } from '../../../src/store/tree-reader.js';
import { loadNode } from '../../testing/load-node.js';

export interface CreateOptions {
  data?: Uint8Array | null;
  acl?: Uint8Array | null;
  kind?: NodeKind;
  ownerHi?: number;
  ownerLo?: number;
  parentCversion?: number;
  zxidHi?: number;
  timeLo?: number;
}

const EMPTY = new Uint8Array(0);

export class TreeFixture {
  readonly memory = createTreeMemory(0x12345678, 0x9abcdef0 | 0);
  readonly slabs = new Map<number, SharedArrayBuffer>();
  readonly source: SlabSource = { load: (index) => this.slabs.get(index) };
  readonly tree = new DataTree(this.memory, (index, slab) => this.slabs.set(index, slab));
  readonly reader = this.tree.reader;
  zxid = 0;

  /** A reader as another thread would have it. */
  newReader(): TreeReader {
    return new TreeReader(this.memory, this.source);
  }

  create(path: string, options: CreateOptions = {}): number {
    const bytes = encodeUtf8(path);
    const data = options.data === undefined ? EMPTY : options.data;
    const acl = options.acl ?? null;
    this.tree.beginWrite();
    const zxid = ++this.zxid;
    const result = this.tree.create(
      bytes,
      0,
      bytes.length,
      data ?? EMPTY,
      0,
      data === null ? -1 : data.length,
      acl,
      0,
      acl === null ? -1 : acl.length,
      options.kind ?? NodeKind.persistent,
      options.ownerHi ?? 0,
      options.ownerLo ?? 0,
      options.parentCversion ?? -1,
      options.zxidHi ?? 0,
      zxid,
      0,
      options.timeLo ?? zxid * 10,
    );
    this.tree.endWrite(options.zxidHi ?? 0, zxid);
    return result;
  }

  delete(path: string): number {
    const bytes = encodeUtf8(path);
    this.tree.beginWrite();
    const zxid = ++this.zxid;
    const result = this.tree.delete(bytes, 0, bytes.length, 0, zxid);
    this.tree.endWrite(0, zxid);
    return result;
  }

  setData(path: string, data: Uint8Array | null, version: number): number {
    const bytes = encodeUtf8(path);
    this.tree.beginWrite();
    const zxid = ++this.zxid;
    const length = data === null ? -1 : data.length;
    const result = this.tree.setData(bytes, 0, bytes.length, data ?? EMPTY, 0, length, version, 0, zxid, 0, zxid * 10);
    this.tree.endWrite(0, zxid);
    return result;
  }

  setAcl(path: string, acl: Uint8Array | null, version: number): number {
    const bytes = encodeUtf8(path);
    this.tree.beginWrite();
    const zxid = ++this.zxid;
    const result = this.tree.setAcl(bytes, 0, bytes.length, acl, 0, acl === null ? -1 : acl.length, version);
    this.tree.endWrite(0, zxid);
    return result;
  }

  /** A node as a snapshot has it; fields by name, all 0 unless given. */
  load(
    path: string,
    fields: Partial<Record<keyof typeof STAT_OFFSETS, bigint>> = {},
    data: Uint8Array = EMPTY,
    acl: Uint8Array = NO_ACL,
  ): boolean {
    const stat = new Uint8Array(60);
    const view = new DataView(stat.buffer);
    for (const [name, offset] of Object.entries(STAT_OFFSETS)) {
      const value = fields[name as keyof typeof STAT_OFFSETS] ?? 0n;
      if (offset >= 32 && offset <= 40) view.setInt32(offset, Number(value));
      else view.setBigInt64(offset, BigInt.asIntN(64, value));
    }
    this.tree.beginWrite();
    const isLoaded = loadNode(this.tree, path, stat, acl, data);
    this.tree.endWrite(0, 0);
    return isLoaded;
  }

  find(path: string, reader: TreeReader = this.reader): number {
    const bytes = encodeUtf8(path);
    return reader.find(bytes, 0, bytes.length);
  }

  data(path: string): string | null {
    const ref = this.find(path);
    const length = this.reader.dataLength(ref);
    if (length < 0) return null;
    const out = new Uint8Array(length);
    this.reader.copyData(ref, out, 0, length);
    return decodeUtf8(out, 0, length);
  }

  stat(path: string): WireStat {
    const out = new Uint8Array(68);
    this.reader.copyStat(this.find(path), out, 0);
    return decodeWireStat(out);
  }

  pathOf(ref: number, reader: TreeReader = this.reader): string {
    const out = new Uint8Array(reader.pathLength(ref));
    reader.copyPath(ref, out, 0);
    return decodeUtf8(out, 0, out.length);
  }

  children(path: string): string[] {
    const ref = this.find(path);
    const out = new Uint8Array(this.reader.childNamesLength(ref));
    const written = this.reader.copyChildNames(ref, out, 0);
    const view = new DataView(out.buffer);
    const names: string[] = [];
    for (let at = 0; at < written; ) {
      const length = view.getInt32(at);
      names.push(decodeUtf8(out, at + 4, length));
      at += 4 + length;
    }
    return names.sort();
  }

  acl(path: string): Uint8Array {
    const aclRef = this.reader.aclRef(this.find(path));
    const out = new Uint8Array(this.reader.aclLength(aclRef));
    this.reader.copyAcl(aclRef, out, 0);
    return out;
  }
}

export interface WireStat {
  czxid: bigint;
  mzxid: bigint;
  ctime: bigint;
  mtime: bigint;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: bigint;
  dataLength: number;
  numChildren: number;
  pzxid: bigint;
}

export function decodeWireStat(bytes: Uint8Array): WireStat {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    czxid: view.getBigInt64(0),
    mzxid: view.getBigInt64(8),
    ctime: view.getBigInt64(16),
    mtime: view.getBigInt64(24),
    version: view.getInt32(32),
    cversion: view.getInt32(36),
    aversion: view.getInt32(40),
    ephemeralOwner: view.getBigInt64(44),
    dataLength: view.getInt32(52),
    numChildren: view.getInt32(56),
    pzxid: view.getBigInt64(60),
  };
}

/** Offsets in StatPersisted. */
const STAT_OFFSETS = {
  czxid: 0,
  mzxid: 8,
  ctime: 16,
  mtime: 24,
  version: 32,
  cversion: 36,
  aversion: 40,
  ephemeralOwner: 44,
  pzxid: 52,
} as const;

/** jute vector<ACL> of one entry. */
export function aclOf(perms: number, scheme: string, id: string): Uint8Array {
  const out = new Uint8Array(4 + 4 + 4 + utf8Length(scheme) + 4 + utf8Length(id));
  const view = new DataView(out.buffer);
  view.setInt32(0, 1);
  view.setInt32(4, perms);
  view.setInt32(8, utf8Length(scheme));
  out.set(encodeUtf8(scheme), 12);
  view.setInt32(12 + utf8Length(scheme), utf8Length(id));
  out.set(encodeUtf8(id), 16 + utf8Length(scheme));
  return out;
}
