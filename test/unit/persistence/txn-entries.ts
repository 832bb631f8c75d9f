// Builds log entries, and writers with everything a test does not care about filled in.

import { ManualClock } from '../../../src/base/clock.js';
import { hiOf, loOf } from '../../../src/base/int64.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import type { FileStore } from '../../../src/persistence/file-store.js';
import { TxnLogReader } from '../../../src/persistence/txn-log-reader.js';
import { TxnLogWriter, type TxnLogWriterOptions } from '../../../src/persistence/txn-log-writer.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeTxnEntry, type TxnBody } from '../../../src/protocol/txns.js';

export const CLIENT = 0x100000000000001n;

export function entryOf(zxid: bigint, body: TxnBody, clientId = CLIENT, treeDigest: bigint | null = null): Uint8Array {
  const writer = new JuteWriter();
  encodeTxnEntry(writer, {
    header: { clientId, cxid: Number(zxid & 0xffffffffn), zxid, time: 1_700_000_000_000n + zxid, type: body.type },
    body,
    digest: treeDigest === null ? null : { version: 2, treeDigest },
  });
  return writer.toBytes();
}

export function createEntry(zxid: bigint, path: string, data: Uint8Array | null, parentCVersion = -1): Uint8Array {
  return entryOf(zxid, {
    type: OpCode.create,
    txn: { path, data, acl: OPEN_ACL_UNSAFE, ephemeral: false, parentCVersion },
  });
}

export function setDataEntry(zxid: bigint, path: string, data: Uint8Array, version: number): Uint8Array {
  return entryOf(zxid, { type: OpCode.setData, txn: { path, data, version } });
}

export function errorEntry(zxid: bigint, err: number): Uint8Array {
  return entryOf(zxid, { type: OpCode.error, txn: { err } });
}

export function newWriter(fileStore: FileStore, changes: Partial<TxnLogWriterOptions> = {}): TxnLogWriter {
  return new TxnLogWriter({
    fileStore,
    directory: '/data/version-2',
    clock: new ManualClock(),
    preAllocBytes: 16 << 10,
    forceSync: true,
    sizeLimitBytes: 0,
    syncWarningThresholdMs: 1000,
    onSync: () => undefined,
    onSlowSync: () => undefined,
    warn: () => undefined,
    ...changes,
  });
}

export function append(writer: TxnLogWriter, entry: Uint8Array, zxid: bigint): void {
  writer.append(entry, 0, entry.length, hiOf(zxid), loOf(zxid));
}

export interface ReadLog {
  readonly entries: Uint8Array[];
  readonly end: string | null;
  readonly endOffset: number;
}

export function readLog(fileStore: FileStore, path: string): ReadLog {
  const reader = new TxnLogReader(fileStore, path);
  const entries: Uint8Array[] = [];
  while (reader.next()) entries.push(reader.bytes.slice(reader.entryOffset, reader.entryOffset + reader.entryLength));
  reader.close();
  return { entries, end: reader.end, endOffset: reader.endOffset };
}
