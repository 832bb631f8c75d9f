import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import { aclOf, decodeWireStat, TreeFixture } from './tree-fixture.js';

const bytes = encodeUtf8;

describe('initial tree (persistence 6.6, client-protocol 6.5)', () => {
  it('has the four nodes with all-zero stats, aversion -1 on /zookeeper/config', () => {
    const t = new TreeFixture();
    expect(t.tree.nodeCount).toBe(4);
    expect(t.children('/')).toEqual(['zookeeper']);
    expect(t.children('/zookeeper')).toEqual(['config', 'quota']);
    expect(t.stat('/')).toMatchObject({
      czxid: 0n,
      cversion: -1,
      numChildren: 1,
      version: 0,
      aversion: 0,
      dataLength: 0,
    });
    expect(t.stat('/zookeeper')).toMatchObject({ cversion: -2, numChildren: 2 });
    expect(t.stat('/zookeeper/config')).toMatchObject({ aversion: -1, version: 0 });
    expect(t.data('/zookeeper/config')).toBe('');
    expect(t.acl('/zookeeper/config')).toEqual(aclOf(1, 'world', 'anyone'));
    expect(t.reader.aclRef(t.find('/zookeeper'))).toBe(0);
    expect(t.reader.zxidLo()).toBe(0);
  });

  it('has the approximate data size that a fresh ZooKeeper reports', () => {
    expect(new TreeFixture().tree.dataBytes).toBe(44);
  });

  it('costs next to no memory: slabs are touched as they are used', () => {
    expect(new TreeFixture().tree.memoryStats().reservedBytes).toBeLessThan(1024 * 1024);
  });

  it('finds the root as "" and as "/", with a path of its own of length 0', () => {
    const t = new TreeFixture();
    expect(t.find('')).toBe(t.find('/'));
    expect(t.find('/')).not.toBe(0);
    expect(t.reader.pathLength(t.find('/'))).toBe(0);
  });
});

describe('create (persistence 3.4)', () => {
  it('stamps the node and moves cversion and pzxid of the parent', () => {
    const t = new TreeFixture();
    t.zxid = 6;
    expect(t.create('/a', { data: bytes('hello'), zxidHi: 2, timeLo: 1234 })).toBe(0);
    const zxid = (2n << 32n) | 7n;
    expect(t.stat('/a')).toEqual({
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: 1234n,
      mtime: 1234n,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: 0n,
      dataLength: 5,
      numChildren: 0,
    });
    expect(t.stat('/')).toMatchObject({ pzxid: zxid, cversion: 0, numChildren: 2, mzxid: 0n, mtime: 0n });
    expect(t.reader.cversion(t.find('/'))).toBe(1);
    expect(t.reader.zxidHi()).toBe(2);
    expect(t.reader.zxidLo()).toBe(7);
  });

  it('answers -101 without a parent, whatever the path looks like', () => {
    const t = new TreeFixture();
    for (const path of ['/a/b', 'a', 'abc/d', '/zookeeper/nothing/x']) expect(t.create(path)).toBe(ErrorCode.NoNode);
    expect(t.tree.nodeCount).toBe(4);
  });

  it('keeps null data apart from empty data', () => {
    const t = new TreeFixture();
    t.create('/n', { data: null });
    t.create('/e', { data: new Uint8Array(0) });
    expect(t.data('/n')).toBeNull();
    expect(t.data('/e')).toBe('');
    expect(t.stat('/n').dataLength).toBe(0);
  });

  it('ZOOKEEPER-3249: leaves cversion and pzxid alone when the record is older than the parent (fuzzy replay)', () => {
    const t = new TreeFixture();
    t.create('/p');
    t.create('/p/x', { parentCversion: 5 });
    const before = t.stat('/p');
    expect(t.reader.cversion(t.find('/p'))).toBe(5);
    t.create('/p/y', { parentCversion: 5 });
    t.create('/p/z', { parentCversion: 3 });
    expect(t.stat('/p').pzxid).toBe(before.pzxid);
    expect(t.stat('/p')).toMatchObject({ numChildren: 3, cversion: 2 * 5 - 3 });
  });

  it('on an existing node sets the ACL, nothing else of it, and brings the parent up', () => {
    const t = new TreeFixture();
    t.create('/p');
    t.create('/p/x', { data: bytes('old') });
    const before = t.stat('/p/x');
    const acl = aclOf(1, 'digest', 'u:p');
    expect(t.create('/p/x', { data: bytes('new'), acl, parentCversion: 9, kind: NodeKind.ephemeral, ownerLo: 1 })).toBe(
      ErrorCode.NodeExists,
    );
    expect(t.stat('/p/x')).toEqual(before);
    expect(t.data('/p/x')).toBe('old');
    expect(t.acl('/p/x')).toEqual(acl);
    expect(t.reader.cversion(t.find('/p'))).toBe(9);
    expect(t.stat('/p').pzxid).toBe(BigInt(t.zxid));
    expect(t.create('/', { acl })).toBe(ErrorCode.NodeExists);
    expect(t.acl('/')).toEqual(acl);
    t.tree.checkInvariants();
  });

  it('makes no child of an ephemeral, which only a replay over a fuzzy snapshot asks for', () => {
    const t = new TreeFixture();
    t.create('/e', { kind: NodeKind.ephemeral, ownerLo: 9 });
    expect(t.create('/e/x')).toBe(ErrorCode.NoChildrenForEphemerals);
    expect(t.create('/e/x/y')).toBe(ErrorCode.NoNode);
    t.tree.checkInvariants();
  });

  it('shows only session ids as owner on the wire, and keeps what was stored', () => {
    const t = new TreeFixture();
    t.create('/e', { kind: NodeKind.ephemeral, ownerHi: 0x01000012, ownerLo: -5 });
    t.create('/c', { kind: NodeKind.container, ownerHi: 0x80000000 | 0 });
    t.create('/t', { kind: NodeKind.ttl, ownerHi: 0xff000001 | 0, ownerLo: 77, data: bytes('ttl') });
    expect(t.stat('/e').ephemeralOwner).toBe((0x01000012n << 32n) | 0xfffffffbn);
    expect(t.stat('/c').ephemeralOwner).toBe(0n);
    expect(t.stat('/t').ephemeralOwner).toBe(0n);
    const stored = (path: string): number[] => [
      t.reader.storedOwnerHi(t.find(path)),
      t.reader.storedOwnerLo(t.find(path)),
    ];
    expect(stored('/e')).toEqual([0x01000012, -5]);
    expect(stored('/c')).toEqual([0x80000000 | 0, 0]);
    expect(stored('/t')).toEqual([0xff000001 | 0, 77]);
    expect(stored('/')).toEqual([0, 0]);
    expect(t.data('/t')).toBe('ttl');
    t.tree.checkInvariants();
    t.tree.checkInvariants();
  });
});

describe('delete (persistence 3.4)', () => {
  it('moves the pzxid of the parent, only upward, and leaves its stored cversion', () => {
    const t = new TreeFixture();
    t.create('/p');
    t.create('/p/a');
    t.create('/p/b');
    expect(t.delete('/p/a')).toBe(0);
    expect(t.stat('/p')).toMatchObject({ pzxid: BigInt(t.zxid), numChildren: 1, cversion: 2 * 2 - 1 });
    t.zxid = 1;
    expect(t.delete('/p/b')).toBe(0);
    expect(t.stat('/p')).toMatchObject({ pzxid: 4n, numChildren: 0, cversion: 4 });
  });

  it('moves the pzxid of the parent although the node is gone', () => {
    const t = new TreeFixture();
    t.create('/p');
    expect(t.delete('/p/none')).toBe(ErrorCode.NoNode);
    expect(t.stat('/p').pzxid).toBe(BigInt(t.zxid));
    expect(t.delete('/q/none')).toBe(ErrorCode.NoNode);
  });

  it('takes what stands below with it (fuzzy replay), and never the root', () => {
    const t = new TreeFixture();
    t.create('/p');
    for (let i = 0; i < 40; i++) {
      t.create(`/p/${i}`, { data: bytes('x'.repeat(i * 40)) });
      t.create(`/p/${i}/deep`, { kind: NodeKind.container });
      t.create(`/p/${i}/deep/e`, { kind: NodeKind.ephemeral, ownerLo: i % 3 });
    }
    expect(t.delete('/p')).toBe(0);
    expect(t.tree.nodeCount).toBe(4);
    expect(t.tree.ephemeralCount).toBe(0);
    expect(t.tree.sessionCount).toBe(0);
    expect(t.find('/p/7/deep/e')).toBe(0);
    expect(t.delete('/')).toBe(ErrorCode.NoNode);
    expect(t.find('/')).not.toBe(0);
    t.tree.checkInvariants();
  });
});

describe('setData and setAcl', () => {
  it('set version, mzxid and mtime, in every size from inline to runs of pages and back', () => {
    const t = new TreeFixture();
    t.create('/a', { data: bytes('12345') });
    let version = 0;
    for (const size of [0, 1, 8, 100, 300, 513, 5000, 32_768, 32_769, 70_000, 200_000, 1_000_000, 3, 100_000, 0]) {
      const text = String.fromCharCode(97 + (version % 26)).repeat(size);
      expect(t.setData('/a', bytes(text), ++version)).toBe(0);
      expect(t.data('/a')).toBe(text);
      expect(t.stat('/a')).toMatchObject({
        version,
        dataLength: size,
        mzxid: BigInt(t.zxid),
        mtime: BigInt(t.zxid * 10),
        czxid: 1n,
      });
      t.tree.checkInvariants();
    }
    t.setData('/a', null, ++version);
    expect(t.data('/a')).toBeNull();
    expect(t.setData('/none', bytes('x'), 1)).toBe(ErrorCode.NoNode);
    expect(t.setData('/zookeeper/config', bytes('server.1='), -1)).toBe(0);
    expect(t.stat('/zookeeper/config').version).toBe(-1);
  });

  it('keeps data above 32 MB in a slab of its own, told to readers before it is used', () => {
    const t = new TreeFixture();
    const big = new Uint8Array(33 * 1024 * 1024).fill(7);
    t.create('/big', { data: big });
    expect(t.slabs.size).toBe(1);
    const reader = t.newReader();
    const out = new Uint8Array(big.length);
    reader.copyData(t.find('/big', reader), out, 0, big.length);
    expect(out[0] + out[big.length - 1]).toBe(14);
    t.setData('/big', bytes('small'), 1);
    expect(t.data('/big')).toBe('small');
    t.tree.checkInvariants();
  });

  it('changes the ACL and the aversion, nothing else', () => {
    const t = new TreeFixture();
    t.create('/a');
    const before = t.stat('/a');
    const acl = aclOf(3, 'digest', 'bob:hash');
    expect(t.setAcl('/a', acl, 4)).toBe(0);
    expect(t.stat('/a')).toEqual({ ...before, aversion: 4 });
    expect(t.acl('/a')).toEqual(acl);
    expect(t.setAcl('/none', acl, 1)).toBe(ErrorCode.NoNode);
  });

  it('replaces data without touching the stat (quota stats)', () => {
    const t = new TreeFixture();
    t.create('/a', { data: bytes('1') });
    const before = t.stat('/a');
    t.tree.beginWrite();
    t.tree.replaceData(t.find('/a'), bytes('count=2'), 0, 7);
    t.tree.endWrite(0, t.zxid);
    expect(t.stat('/a')).toEqual({ ...before, dataLength: 7 });
    expect(t.data('/a')).toBe('count=2');
  });
});

describe('ACL lists', () => {
  it('are kept once, counted, and freed with their last node; serials are never used again', () => {
    const t = new TreeFixture();
    const acl = aclOf(1, 'ip', '10.0.0.1');
    t.create('/a', { acl });
    t.create('/b', { acl });
    const ref = t.reader.aclRef(t.find('/a'));
    expect(t.reader.aclRef(t.find('/b'))).toBe(ref);
    expect(t.tree.aclListCount).toBe(2);
    const serial = t.reader.aclSerial(ref);
    t.delete('/a');
    t.setAcl('/b', null, 1);
    expect(t.tree.aclListCount).toBe(1);
    t.create('/c', { acl });
    expect(t.reader.aclSerial(t.reader.aclRef(t.find('/c')))).toBeGreaterThan(serial);
    t.tree.checkInvariants();
  });

  it('are open without a block when null, a null vector or exactly world:anyone with all permissions', () => {
    const t = new TreeFixture();
    const open = aclOf(31, 'world', 'anyone');
    t.create('/a', { acl: open });
    t.create('/b', { acl: new Uint8Array([0xff, 0xff, 0xff, 0xff]) });
    t.create('/c', { acl: aclOf(30, 'world', 'anyone') });
    t.create('/d', { acl: new Uint8Array(4) });
    expect(t.reader.aclRef(t.find('/a'))).toBe(0);
    expect(t.reader.aclRef(t.find('/b'))).toBe(0);
    expect(t.reader.aclRef(t.find('/c'))).not.toBe(0);
    expect(t.acl('/d')).toEqual(new Uint8Array(4));
    expect(t.acl('/a')).toEqual(open);
    expect(t.reader.aclSerial(0)).toBe(0);
  });

  it('of any length are told apart and found again', () => {
    const t = new TreeFixture();
    for (let i = 0; i < 300; i++) t.create(`/n${i}`, { acl: aclOf(1, 'digest', 'x'.repeat(i)) });
    for (let i = 0; i < 300; i++) t.create(`/m${i}`, { acl: aclOf(1, 'digest', 'x'.repeat(i)) });
    expect(t.tree.aclListCount).toBe(301);
    for (let i = 0; i < 300; i++) expect(t.acl(`/m${i}`)).toEqual(aclOf(1, 'digest', 'x'.repeat(i)));
  });
});

describe('ephemerals by session', () => {
  it('are listed per session, from any reader, and may be deleted while they are visited', () => {
    const t = new TreeFixture();
    for (let i = 0; i < 500; i++)
      t.create(`/e${i}`, { kind: NodeKind.ephemeral, ownerHi: i % 5, ownerLo: -(i % 7) - 1 });
    expect(t.tree.sessionCount).toBe(35);
    expect(t.tree.ephemeralCount).toBe(500);
    const other = t.newReader();
    let count = 0;
    for (let ref = other.firstEphemeralOf(3, -4); ref !== 0; ref = other.nextEphemeral(ref)) count++;
    expect(count).toBe(other.ephemeralCountOf(3, -4));
    expect(count).toBeGreaterThan(10);
    expect(other.firstEphemeralOf(3, 4)).toBe(0);
    let total = 0;
    t.tree.sessionsWithEphemerals((_hi, _lo, n) => {
      total += n;
    });
    expect(total).toBe(500);
    t.tree.beginWrite();
    const deleted: string[] = [];
    t.tree.ephemeralsOf(3, -4, (ref) => {
      deleted.push(t.pathOf(ref));
      t.tree.delete(encodeUtf8(t.pathOf(ref)), 0, t.reader.pathLength(ref), 0, 1000);
    });
    t.tree.endWrite(0, 1000);
    expect(new Set(deleted).size).toBe(count);
    expect(t.tree.firstEphemeralOf(3, -4)).toBe(0);
    expect(t.tree.sessionCount).toBe(34);
    expect(t.stat('/').pzxid).toBe(1000n);
    t.tree.checkInvariants();
  });
});

describe('clear', () => {
  it('forgets everything with clear(), the last zxid too, and readers notice', () => {
    const t = new TreeFixture();
    const reader = t.newReader();
    const incarnation = reader.incarnation();
    t.create('/a', { kind: NodeKind.ephemeral, ownerLo: 3, acl: aclOf(1, 'ip', '::1'), zxidHi: 9 });
    t.tree.beginWrite();
    t.tree.clear();
    t.tree.endWrite(0, 5);
    expect([reader.zxidHi(), reader.zxidLo(), reader.nodeCount(), reader.ephemeralCount()]).toEqual([0, 5, 1, 0]);
    expect(reader.incarnation()).toBe(incarnation + 1);
    expect(t.find('/a', reader)).toBe(0);
    t.tree.beginWrite();
    t.tree.reset();
    t.tree.endWrite(0, 6);
    expect(t.tree.dataBytes).toBe(44);
    t.tree.checkInvariants();
  });
});

describe('golden stat', () => {
  it('is laid out as client-protocol section 4 says', () => {
    const t = new TreeFixture();
    t.zxid = 1;
    t.create('/a', { data: bytes('A'), timeLo: 0x0142f63b });
    const out = new Uint8Array(68);
    t.reader.copyStat(t.find('/a'), out, 0);
    let hex = '';
    for (const byte of out) hex += byte.toString(16).padStart(2, '0');
    expect(hex).toBe(
      '0000000000000002' +
        '0000000000000002' +
        '000000000142f63b' +
        '000000000142f63b' +
        '00000000' +
        '00000000' +
        '00000000' +
        '0000000000000000' +
        '00000001' +
        '00000000' +
        '0000000000000002',
    );
    expect(decodeWireStat(out).dataLength).toBe(1);
  });
});
