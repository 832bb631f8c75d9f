// Nodes as snapshots bring them, through the load records that persistence makes of them.

import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { UNRESOLVED_ACL } from '../../../src/persistence/snapshot-content-decoder.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { loadNode } from '../../testing/load-node.js';
import { aclOf, TreeFixture } from './tree-fixture.js';

const bytes = encodeUtf8;

describe('loading a snapshot', () => {
  it('takes every field exactly, and tells an unknown parent', () => {
    const t = new TreeFixture();
    t.tree.beginWrite();
    t.tree.clear();
    t.tree.endWrite(0, 0);
    expect(t.tree.nodeCount).toBe(1);
    expect(t.load('', { cversion: 8n, pzxid: 0x10n })).toBe(true);
    const fields = {
      czxid: 0x200000003n,
      mzxid: 0x200000004n,
      ctime: 1795000000000n,
      mtime: 1795000000001n,
      version: 7n,
      cversion: 5n,
      aversion: 2n,
      ephemeralOwner: 0n,
      pzxid: 0x300000001n,
    };
    expect(t.load('/s', fields, bytes('data'), aclOf(1, 'world', 'anyone'))).toBe(true);
    expect(t.load('/x/y', fields)).toBe(false);
    expect(t.load('/s/e', { ephemeralOwner: 0x100003b15360001n }, bytes('L'))).toBe(true);
    expect(t.load('/s/t', { ephemeralOwner: -0x00ffffffffc91180n }, bytes('T'))).toBe(true);
    expect(t.stat('/')).toMatchObject({ cversion: 2 * 8 - 1, pzxid: 0x10n, numChildren: 1 });
    expect(t.stat('/s')).toEqual({
      czxid: 0x200000003n,
      mzxid: 0x200000004n,
      ctime: 1795000000000n,
      mtime: 1795000000001n,
      version: 7,
      cversion: 2 * 5 - 2,
      aversion: 2,
      ephemeralOwner: 0n,
      dataLength: 4,
      numChildren: 2,
      pzxid: 0x300000001n,
    });
    expect(t.reader.ephemeralCountOf(0x1000_03b1, 0x5360_001)).toBe(0);
    expect(t.reader.ephemeralCountOf(0x0100003b, 0x15360001)).toBe(1);
    const stat = new Uint8Array(60);
    t.reader.copyStatPersisted(t.find('/s/t'), stat, 0);
    expect(new DataView(stat.buffer).getBigInt64(44)).toBe(-0x00ffffffffc91180n);
    t.tree.checkInvariants();
  });

  it('reads back the very StatPersisted it was given', () => {
    const t = new TreeFixture();
    t.tree.beginWrite();
    t.tree.clear();
    const given = Uint8Array.from({ length: 60 }, (_, i) => i + 1);
    given.fill(0, 44, 52);
    expect(loadNode(t.tree, '/a', given)).toBe(true);
    t.tree.endWrite(0, 1);
    const out = new Uint8Array(70);
    t.reader.copyStatPersisted(t.find('/a'), out, 10);
    expect(out.subarray(10)).toEqual(given);
  });

  it('keeps nodes whose ACL number is unknown as unresolved until a create or setAcl tells it', () => {
    const t = new TreeFixture();
    t.load('/a', {}, bytes(''), UNRESOLVED_ACL);
    t.load('/b', {}, bytes(''), UNRESOLVED_ACL);
    expect(t.tree.unresolvedAclCount).toBe(2);
    expect(t.reader.aclLength(t.reader.aclRef(t.find('/a')))).toBe(0);
    expect(t.create('/a', { acl: aclOf(1, 'ip', '::1') })).toBe(ErrorCode.NodeExists);
    expect(t.tree.unresolvedAclCount).toBe(1);
    t.setAcl('/b', null, 1);
    expect(t.tree.unresolvedAclCount).toBe(0);
    t.tree.checkInvariants();
  });

  it('overwrites a path that comes twice, also with another kind', () => {
    const t = new TreeFixture();
    t.load('/a', { version: 1n }, bytes('1'));
    t.load('/a', { version: 2n }, bytes('22'));
    expect(t.stat('/a')).toMatchObject({ version: 2, dataLength: 2 });
    t.load('/a', { version: 3n, ephemeralOwner: 5n }, bytes('333'));
    expect(t.stat('/a')).toMatchObject({ version: 3, ephemeralOwner: 5n, dataLength: 3 });
    expect(t.tree.nodeCount).toBe(5);
    expect(t.load('/a/below', {})).toBe(false);
    t.tree.checkInvariants();
  });

  it('makes a node of another kind anew, without all that was below it', () => {
    const t = new TreeFixture();
    for (const path of ['/a', '/a/b', '/a/b/c', '/a/b/d', '/a/e']) t.load(path);
    t.load('/a', { ephemeralOwner: -0x00ffffffffc91180n }, bytes('ttl'));
    expect(t.children('/a')).toEqual([]);
    expect(t.find('/a/b/c')).toBe(0);
    expect(t.tree.nodeCount).toBe(5);
    expect(t.load('/a/again')).toBe(true);
    t.tree.checkInvariants();
  });
});
