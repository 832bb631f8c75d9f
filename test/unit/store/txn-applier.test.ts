// TxnApplier alone: every type of log entry applied to a tree (persistence 3.1 to 3.4), what its listener is told and in
// which order, and entries that no server could have written. The listener's calls are noted as text.

import { describe, expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../../src/base/utf8.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode, opName } from '../../../src/protocol/op-code.js';
import { encodeSubTxn, encodeTxnEntry, type TxnBody } from '../../../src/protocol/txns.js';
import { TxnApplier, type TxnListener } from '../../../src/store/txn-applier.js';
import { TreeFixture } from './tree-fixture.js';

const SESSION = 0x1000_0001_0000_0002n;
const OTHER = 0x1000_0001_0000_0003n;

class Applied implements TxnListener {
  readonly fixture = new TreeFixture();
  readonly calls: string[] = [];
  private readonly applier = new TxnApplier(this.fixture.tree);
  private zxid = 0n;

  onCreated(bytes: Uint8Array, offset: number, length: number): void {
    this.calls.push(`created ${decodeUtf8(bytes, offset, length)}`);
  }

  onDeleting(bytes: Uint8Array, offset: number, length: number): void {
    const there = this.fixture.reader.find(bytes, offset, length) !== 0;
    this.calls.push(`deleting ${decodeUtf8(bytes, offset, length)}${there ? '' : ' (not there)'}`);
  }

  onDataChanged(bytes: Uint8Array, offset: number, length: number): void {
    this.calls.push(`changed ${decodeUtf8(bytes, offset, length)}`);
  }

  onOperation(type: number, error: number, bytes: Uint8Array, offset: number, length: number): void {
    const path = length < 0 ? '' : ` ${decodeUtf8(bytes, offset, length)}`;
    this.calls.push(`${opName(type)}${path} = ${error}`);
  }

  /** Applies one entry of the session; returns its result and what the listener was told. */
  apply(body: TxnBody, clientId = SESSION): { result: number; calls: string[] } {
    return this.applyBytes(this.entry(body, clientId));
  }

  entry(body: TxnBody, clientId = SESSION): Uint8Array {
    const w = new JuteWriter();
    this.zxid++;
    encodeTxnEntry(w, {
      header: { clientId, cxid: 7, zxid: this.zxid, time: 1000n * this.zxid, type: body.type },
      body,
      digest: null,
    });
    return w.toBytes();
  }

  applyBytes(entry: Uint8Array, listener: TxnListener | null = this): { result: number; calls: string[] } {
    this.calls.length = 0;
    const { tree } = this.fixture;
    // Not at the beginning of its memory, as on a ring.
    const bytes = new Uint8Array(entry.length + 40);
    bytes.set(entry, 24);
    tree.beginWrite();
    try {
      const result = this.applier.apply(bytes, 24, entry.length, listener);
      return { result, calls: [...this.calls] };
    } finally {
      tree.endWrite(0, Number(this.zxid));
    }
  }

  ref(path: string): number {
    const bytes = encodeUtf8(path);
    return this.fixture.reader.find(bytes, 0, bytes.length);
  }
}

function create(path: string, options: { ephemeral?: boolean; parentCVersion?: number; data?: string } = {}): TxnBody {
  return {
    type: OpCode.create,
    txn: {
      path,
      data: encodeUtf8(options.data ?? ''),
      acl: OPEN_ACL_UNSAFE,
      ephemeral: options.ephemeral ?? false,
      parentCVersion: options.parentCVersion ?? -1,
    },
  };
}

function remove(path: string): TxnBody {
  return { type: OpCode.delete, txn: { path } };
}

function setData(path: string, version: number): TxnBody {
  return { type: OpCode.setData, txn: { path, data: encodeUtf8('new'), version } };
}

function error(err: number): TxnBody {
  return { type: OpCode.error, txn: { err } };
}

function multi(...parts: TxnBody[]): TxnBody {
  return { type: OpCode.multi, txn: { txns: parts.map(encodeSubTxn) } };
}

describe('one operation', () => {
  test('create', () => {
    const applied = new Applied();
    expect(applied.apply(create('/a', { parentCVersion: 5 }))).toEqual({
      result: 0,
      calls: ['created /a', 'create /a = 0'],
    });
    expect(applied.fixture.reader.cversion(applied.ref('/'))).toBe(5);
  });

  test('create2, container and TTL', () => {
    const applied = new Applied();
    const common = { data: null, acl: OPEN_ACL_UNSAFE, parentCVersion: -1 };
    applied.apply({ type: OpCode.create2, txn: { ...common, path: '/two', ephemeral: true } });
    applied.apply({ type: OpCode.createContainer, txn: { ...common, path: '/container' } });
    applied.apply({ type: OpCode.createTTL, txn: { ...common, path: '/ttl', ttl: 0x12_3456_789an } });
    const { reader } = applied.fixture;
    const owner = (path: string): string => {
      const ref = applied.ref(path);
      return [reader.storedOwnerHi(ref) >>> 0, reader.storedOwnerLo(ref) >>> 0]
        .map((half) => half.toString(16))
        .join(' ');
    };
    expect([owner('/two'), owner('/container'), owner('/ttl')]).toEqual([
      '10000001 2',
      '80000000 0',
      'ff000012 3456789a',
    ]);
    expect(reader.dataLength(applied.ref('/two'))).toBe(-1);
  });

  test('create over a node that is there, and without a parent', () => {
    const applied = new Applied();
    applied.apply(create('/a', { data: 'first' }));
    expect(applied.apply(create('/a', { data: 'second' }))).toEqual({ result: -110, calls: ['create /a = -110'] });
    expect(applied.fixture.reader.dataLength(applied.ref('/a'))).toBe(5);
    expect(applied.apply(create('/b/c'))).toEqual({ result: -101, calls: ['create /b/c = -101'] });
  });

  test('delete tells of the node while it is still there', () => {
    const applied = new Applied();
    applied.apply(create('/a'));
    expect(applied.apply(remove('/a'))).toEqual({ result: 0, calls: ['deleting /a', 'delete /a = 0'] });
    expect(applied.apply(remove('/a'))).toEqual({
      result: -101,
      calls: ['deleting /a (not there)', 'delete /a = -101'],
    });
    expect(applied.apply({ type: OpCode.deleteContainer, txn: { path: '/a' } }).result).toBe(-101);
  });

  test('setData takes version and time from the entry', () => {
    const applied = new Applied();
    applied.apply(create('/a'));
    expect(applied.apply(setData('/a', 41))).toEqual({ result: 0, calls: ['changed /a', 'setData /a = 0'] });
    const { reader } = applied.fixture;
    const ref = applied.ref('/a');
    expect([reader.version(ref), reader.mtimeLo(ref), reader.mzxidLo(ref), reader.dataLength(ref)]).toEqual([
      41, 2000, 2, 3,
    ]);
    expect(applied.apply(setData('/b', 1))).toEqual({ result: -101, calls: ['setData /b = -101'] });
  });

  test('reconfig is a setData', () => {
    const applied = new Applied();
    const txn = { path: '/zookeeper/config', data: encodeUtf8('server.1=…'), version: -1 };
    expect(applied.apply({ type: OpCode.reconfig, txn }).calls).toEqual([
      'changed /zookeeper/config',
      'reconfig /zookeeper/config = 0',
    ]);
    expect(applied.fixture.reader.version(applied.ref('/zookeeper/config'))).toBe(-1);
  });

  test('setACL', () => {
    const applied = new Applied();
    applied.apply(create('/a'));
    const acl = [{ perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }];
    expect(applied.apply({ type: OpCode.setACL, txn: { path: '/a', acl, version: 9 } })).toEqual({
      result: 0,
      calls: ['setACL /a = 0'],
    });
    expect(applied.fixture.reader.aversion(applied.ref('/a'))).toBe(9);
    expect(applied.fixture.reader.aclRef(applied.ref('/a'))).not.toBe(0);
  });

  test('error and createSession change nothing', () => {
    const applied = new Applied();
    const before = applied.fixture.tree.nodeCount;
    expect(applied.apply(error(-103))).toEqual({ result: -103, calls: ['error = -103'] });
    expect(applied.apply({ type: OpCode.createSession, txn: { timeOut: 5000 } })).toEqual({
      result: 0,
      calls: ['createSession = 0'],
    });
    expect(applied.fixture.tree.nodeCount).toBe(before);
  });

  test('works without a listener, as at replay', () => {
    const applied = new Applied();
    expect(applied.applyBytes(applied.entry(multi(create('/a'), remove('/a'))), null).result).toBe(0);
    expect(applied.applyBytes(applied.entry(error(-5)), null).result).toBe(-5);
  });
});

describe('create entries of old logs', () => {
  test('without parentCVersion count one more than the parent has', () => {
    const applied = new Applied();
    applied.apply(create('/a', { parentCVersion: 7 }));
    const entry = applied.entry(create('/b'));
    expect(applied.applyBytes(entry.slice(0, -4)).result).toBe(0);
    expect(applied.fixture.reader.cversion(applied.ref('/'))).toBe(8);
  });
});

describe('multi', () => {
  test('tells part by part', () => {
    const applied = new Applied();
    const check: TxnBody = { type: OpCode.check, txn: { path: '/a', version: 1 } };
    expect(applied.apply(multi(create('/a'), setData('/a', 1), check, remove('/a')))).toEqual({
      result: 0,
      calls: [
        'created /a',
        'create /a = 0',
        'changed /a',
        'setData /a = 0',
        'check /a = 0',
        'deleting /a',
        'delete /a = 0',
      ],
    });
  });

  test('with one error among its parts has no effect', () => {
    const applied = new Applied();
    expect(applied.apply(multi(create('/a'), error(-103), error(-2)))).toEqual({
      result: -103,
      calls: ['error = 0', 'error = -103', 'error = -2'],
    });
    expect(applied.ref('/a')).toBe(0);
  });

  test('a part that fails at replay does not stop the others; the result is the first failure', () => {
    const applied = new Applied();
    applied.apply(create('/a'));
    const { result } = applied.apply(multi(create('/a'), remove('/gone'), create('/b')));
    expect(result).toBe(-110);
    expect(applied.ref('/b')).not.toBe(0);
  });

  test('stops at a part of unknown type, without an error', () => {
    const applied = new Applied();
    const entry = applied.entry(multi(create('/a'), create('/b'), create('/c')));
    // The second part's type; the header and the count stand before the parts.
    const second = 32 + 4 + 8 + encodeSubTxn(create('/a')).data!.length;
    new DataView(entry.buffer).setInt32(second, 99);
    expect(applied.applyBytes(entry)).toEqual({ result: 0, calls: ['created /a', 'create /a = 0'] });
    expect(applied.ref('/c')).toBe(0);
  });

  test('may be empty', () => {
    expect(new Applied().apply(multi())).toEqual({ result: 0, calls: [] });
  });
});

describe('closeSession', () => {
  function withEphemerals(): Applied {
    const applied = new Applied();
    applied.apply(create('/p'));
    for (const path of ['/e', '/p/f', '/p/g']) applied.apply(create(path, { ephemeral: true }));
    applied.apply(create('/theirs', { ephemeral: true }), OTHER);
    return applied;
  }

  test('deletes what it lists, in that order, and then what is left', () => {
    const applied = withEphemerals();
    const { result, calls } = applied.apply({ type: OpCode.closeSession, txn: { paths2Delete: ['/p/g', '/e'] } });
    expect(result).toBe(0);
    expect(calls).toEqual(['deleting /p/g', 'deleting /e', 'deleting /p/f', 'closeSession = 0']);
    expect([applied.ref('/p'), applied.ref('/theirs')].includes(0)).toBe(false);
    expect(applied.fixture.tree.ephemeralCount).toBe(1);
  });

  test('skips listed paths that are gone', () => {
    const applied = withEphemerals();
    const { calls } = applied.apply({ type: OpCode.closeSession, txn: { paths2Delete: ['/nope', '/e', '/e'] } });
    expect(calls.filter((call) => call.startsWith('deleting'))).toHaveLength(3);
  });

  test('ZOOKEEPER-3145: the parent of a listed path that is gone learns of it all the same, and nobody is told', () => {
    const applied = withEphemerals();
    for (const path of ['/p/f', '/p/g', '/e']) applied.apply(remove(path));
    const before = applied.fixture.stat('/p').pzxid;
    const { calls } = applied.apply({ type: OpCode.closeSession, txn: { paths2Delete: ['/gone/too', '/p/g'] } });
    expect(calls).toEqual(['closeSession = 0']);
    expect(applied.fixture.stat('/p').pzxid).toBe(before + 2n);
  });

  test('deletes a listed node whoever owns it', () => {
    const applied = withEphemerals();
    applied.apply({ type: OpCode.closeSession, txn: { paths2Delete: ['/theirs'] } });
    expect(applied.ref('/theirs')).toBe(0);
  });

  test.each([
    ['without a list', 0],
    ['without a list but with a digest', 12],
  ])('%s deletes all that the session owns', (_what, behind) => {
    const applied = withEphemerals();
    const entry = applied.entry({ type: OpCode.closeSession, txn: null });
    const bytes = new Uint8Array(entry.length + behind);
    bytes.set(entry);
    if (behind > 0) new DataView(bytes.buffer).setInt32(entry.length, 2);
    expect(applied.applyBytes(bytes).result).toBe(0);
    expect(applied.fixture.tree.ephemeralCount).toBe(1);
  });

  test('with a list and a digest', () => {
    const applied = withEphemerals();
    const entry = applied.entry({ type: OpCode.closeSession, txn: { paths2Delete: ['/e'] } });
    const bytes = new Uint8Array(entry.length + 12);
    bytes.set(entry);
    expect(applied.applyBytes(bytes).calls[0]).toBe('deleting /e');
  });

  test('with anything else is refused', () => {
    const applied = withEphemerals();
    const entry = applied.entry({ type: OpCode.closeSession, txn: { paths2Delete: ['e'] } });
    expect(() => applied.applyBytes(entry)).toThrow(RangeError);
    const five = new Uint8Array(32 + 5);
    five.set(applied.entry({ type: OpCode.closeSession, txn: null }));
    expect(() => applied.applyBytes(five)).toThrow(RangeError);
  });
});

describe('what no server could have written is refused', () => {
  test.each<[string, (applied: Applied) => Uint8Array]>([
    ['half a header', (applied) => applied.entry(error(0)).slice(0, 31)],
    ['an error without its code', (applied) => applied.entry(error(0)).slice(0, 34)],
    ['a check on its own', (applied) => applied.entry({ type: OpCode.check, txn: { path: '/a', version: 1 } })],
    ['a cut path', (applied) => applied.entry(remove('/abc')).slice(0, -1)],
    ['a cut data length', (applied) => applied.entry(setData('/a', 1)).slice(0, 32 + 4 + 2 + 3)],
    ['cut data', (applied) => applied.entry(setData('/a', 1)).slice(0, -5)],
    ['a multi whose count runs on', (applied) => applied.entry(multi(create('/a'), create('/b'))).slice(0, -20)],
  ])('%s', (_what, make) => {
    const applied = new Applied();
    const entry = make(applied);
    expect(() => applied.applyBytes(entry)).toThrow(RangeError);
  });

  test('an unknown type', () => {
    const applied = new Applied();
    const entry = applied.entry(remove('/a'));
    new DataView(entry.buffer).setInt32(28, 99);
    expect(() => applied.applyBytes(entry)).toThrow(RangeError);
  });
});
