// A snapshot's nodes through load records: the tree that results is the one that a plain map makes, whatever order and
// repetitions a fuzzy snapshot has.

import { describe, expect, test } from 'vitest';
import { int64FromHalves } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { RecoveredSessions } from '../../../src/persistence/recovered-sessions.js';
import { NO_ACL, UNRESOLVED_ACL } from '../../../src/persistence/snapshot-content-decoder.js';
import { TreeLoader } from '../../../src/persistence/tree-loader.js';
import type { DataTree } from '../../../src/store/data-tree.js';
import { NodeKind, nodeKindOfOwner } from '../../../src/store/node-layout.js';
import { digestFromScratch } from '../../testing/tree-digest-from-scratch.js';
import { newTree } from './persistence-fixture.js';

interface SnapshotNode {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: Uint8Array;
  readonly stat: Uint8Array;
}

const OWNER = 44;
const PZXID = 52;
const OWNERS = [
  [0, 0],
  [0x01000000, 7],
  [0x80000000 | 0, 0],
  [0xff000000 | 0, 60_000],
] as const;

function aclOf(id: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 31, 0, 0, 0, 1, 0x78, 0, 0, 0, 1, 0x61 + id);
}

const ACLS = [NO_ACL, aclOf(0), aclOf(1), aclOf(2), UNRESOLVED_ACL];

/** Parents before children; now and then a path comes twice, perhaps as another kind of node. */
function randomNodes(seed: number, count: number): SnapshotNode[] {
  const prng = new Prng(seed);
  const paths = [''];
  const nodes: SnapshotNode[] = [];
  for (let i = 0; i < count; i++) {
    const parent = prng.below(3) === 0 ? paths[prng.below(paths.length)] : (paths.at(-1 - prng.below(2)) ?? '');
    const repeats = prng.below(10) === 0;
    const path = repeats ? paths[prng.below(paths.length)] : `${parent}/${'n'.repeat(prng.below(12))}${i}`;
    if (!repeats) paths.push(path);
    const stat = Uint8Array.from({ length: 60 }, () => prng.below(256));
    stat[PZXID] &= 0x7f; // no zxid is negative
    const [hi, lo] = OWNERS[prng.below(8) === 0 ? prng.below(4) : 0];
    new DataView(stat.buffer).setInt32(OWNER, hi);
    new DataView(stat.buffer).setInt32(OWNER + 4, lo);
    const length = prng.below(5) === 0 ? prng.below(2000) : prng.below(40);
    const data = prng.below(9) === 0 ? null : Uint8Array.from({ length }, () => prng.below(256));
    nodes.push({ path, data, acl: ACLS[prng.below(ACLS.length)], stat });
  }
  return nodes;
}

function lineOf(path: string, data: Uint8Array | null, acl: Uint8Array, stat: Uint8Array): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  return `${path} ${data === null ? 'null' : hex(data)} ${hex(acl)} ${hex(stat)}`;
}

function dump({ reader }: DataTree): string[] {
  const lines: string[] = [];
  const visit = (ref: number): void => {
    const path = new Uint8Array(reader.pathLength(ref));
    reader.copyPath(ref, path, 0);
    const stat = new Uint8Array(60);
    reader.copyStatPersisted(ref, stat, 0);
    const data = new Uint8Array(Math.max(reader.dataLength(ref), 0));
    reader.copyData(ref, data, 0, data.length);
    const aclRef = reader.aclRef(ref);
    const acl = new Uint8Array(aclRef === 0 ? 0 : reader.aclLength(aclRef));
    reader.copyAcl(aclRef, acl, 0);
    const text = Buffer.from(path).toString();
    lines.push(lineOf(text === '/' ? '' : text, reader.dataLength(ref) < 0 ? null : data, acl, stat));
    for (let i = 0; i < reader.childCount(ref); i++) visit(reader.childAt(ref, i));
  };
  visit(reader.find(new Uint8Array(0), 0, 0));
  return lines.sort();
}

/** The nodes by path, as a tree keeps them. */
class Model {
  readonly nodes = new Map<string, SnapshotNode>();

  /** False: it has no parent that may have children. */
  take(node: SnapshotNode): boolean {
    const { path } = node;
    if (path !== '' && !this.nodes.has(path)) {
      const parent = path.slice(0, path.lastIndexOf('/'));
      const known = this.nodes.get(parent);
      if (parent !== '' && known === undefined) return false;
      if (known !== undefined && nodeKindOfOwner(...ownerOf(known.stat), false) === NodeKind.ephemeral) return false;
    }
    // The root has no owner, whatever the file says.
    const stat = path === '' ? node.stat.slice().fill(0, OWNER, OWNER + 8) : node.stat;
    const before = this.nodes.get(path);
    if (before !== undefined && ownerOf(before.stat).join() !== ownerOf(stat).join()) this.removeBelow(path);
    this.nodes.set(path, { ...node, stat });
    return true;
  }

  /** It was made anew, as another kind of node: what stood below it is gone. */
  private removeBelow(path: string): void {
    for (const each of this.nodes.keys()) if (each.startsWith(`${path}/`)) this.nodes.delete(each);
  }

  dump(): string[] {
    return [...this.nodes.values()].map(({ path, data, acl, stat }) => lineOf(path, data, acl, stat)).sort();
  }

  countOf(acl: Uint8Array): number {
    return [...this.nodes.values()].filter((node) => node.acl === acl).length;
  }
}

describe('TreeLoader', () => {
  for (const seed of [1, 2, 3, 6]) {
    test(`loads what a map does, refusals included (seed ${seed})`, () => {
      const model = new Model();
      const loaded = newTree();
      loaded.beginWrite();
      loaded.clear();
      // Guesses that are far too high and far too low: room for all is made at once, or as before by splitting.
      const loader = new TreeLoader(loaded, new RecoveredSessions(), false, seed % 2 === 1 ? 50_000_000 : 1);
      // Kept for the end: behind a node that is refused nothing is loaded.
      const refused: (() => boolean)[] = [];
      const root: SnapshotNode = { path: '', data: null, acl: ACLS[seed % 3], stat: new Uint8Array(60).fill(seed) };
      for (const node of [root, ...randomNodes(seed, 6000)]) {
        const { path, data, acl, stat } = node;
        // All of one node in one array, as it is in a file.
        const piece = Buffer.concat([encodeUtf8(path), data ?? new Uint8Array(0), stat]);
        const at = piece.length - stat.length;
        const length = data === null ? -1 : data.length;
        const dataAt = at - Math.max(length, 0);
        const offer = (): boolean => loader.onNode(piece, 0, dataAt, dataAt, length, at, acl);
        if (model.take(node)) expect(offer(), path).toBe(true);
        else refused.push(offer);
      }
      expect(dump(loaded)).toEqual(model.dump());
      loaded.endWrite(0, 1);
      expect(int64FromHalves(loaded.digestHi, loaded.digestLo)).toBe(digestFromScratch(loaded.reader));
      expect(loaded.unresolvedAclCount).toBe(model.countOf(UNRESOLVED_ACL));
      expect(loaded.aclListCount).toBe(ACLS.filter((acl) => acl !== NO_ACL && model.countOf(acl) > 0).length);
      loaded.checkInvariants();
      loaded.beginWrite();
      expect(refused.at(-1)?.()).toBe(false);
      loaded.endWrite(0, 1);
    });
  }
});

function ownerOf(stat: Uint8Array): [number, number] {
  const view = new DataView(stat.buffer);
  return [view.getInt32(OWNER), view.getInt32(OWNER + 4)];
}
