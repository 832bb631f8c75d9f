// What zkCli --json prints in place of the reference's texts: for each command that finds something out one JSON object on
// a line of stdout, its fields as docs/operations.md lists them. Ours alone; without --json nothing of this is used. What
// does not fit into a JavaScript number is text: zxids and session ids in hex as everywhere in ZooKeeper. Pure.

import { hexOf } from '../../base/int64.js';
import { decodeUtf8, encodeUtf8 } from '../../base/utf8.js';
import type { WatchedEvent } from '../../client/watched-event.js';
import type { ACL } from '../../protocol/acl.js';
import { permsText } from '../../protocol/perms.js';
import type { Stat } from '../../protocol/stat.js';
import { eventTypeName, keeperStateName } from '../../protocol/watch-event.js';
import type { QuotaStats } from './quota-stats.js';

/** Prints one answer. */
export type JsonAnswer = (answer: Readonly<Record<string, unknown>>) => void;

export const DataFormat = { Text: 'text', Base64: 'base64', Hex: 'hex' } as const;
export type DataFormat = (typeof DataFormat)[keyof typeof DataFormat];

/** The names are those of the eleven lines; times are milliseconds since 1970. */
export function statJson(stat: Stat): Record<string, unknown> {
  return {
    cZxid: `0x${hexOf(stat.czxid)}`,
    ctime: Number(stat.ctime),
    mZxid: `0x${hexOf(stat.mzxid)}`,
    mtime: Number(stat.mtime),
    pZxid: `0x${hexOf(stat.pzxid)}`,
    cversion: stat.cversion,
    dataVersion: stat.version,
    aclVersion: stat.aversion,
    ephemeralOwner: `0x${hexOf(stat.ephemeralOwner)}`,
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
  };
}

/** Data that is no text is given in base64, whatever was asked for: nothing gets lost on the way. */
export function dataJson(data: Uint8Array | null, format: DataFormat): Record<string, unknown> {
  if (data === null) return { data: null };
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.length);
  if (format === DataFormat.Hex) return { data: buffer.toString('hex'), encoding: 'hex' };
  const text = decodeUtf8(data, 0, data.length);
  if (format === DataFormat.Text && buffer.equals(encodeUtf8(text))) return { data: text, encoding: 'utf8' };
  return { data: buffer.toString('base64'), encoding: 'base64' };
}

export function aclJson(acl: readonly ACL[]): unknown[] {
  return acl.map(({ id, perms }) => ({ scheme: id.scheme, id: id.id, perms: permsText(perms) }));
}

/** Limits or use; -1 is no limit, as on the server. */
export function quotaJson(stats: QuotaStats): Record<string, number> {
  const of = (key: string): number => Number(stats.get(key));
  return {
    count: of('count'),
    bytes: of('bytes'),
    countHardLimit: of('countHardLimit'),
    byteHardLimit: of('byteHardLimit'),
  };
}

/** A membership: its lines taken apart. */
export function configJson(text: string): Record<string, unknown> {
  const servers: Record<string, string> = {};
  let version: string | null = null;
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    const key = line.slice(0, Math.max(at, 0)).trim();
    const value = line.slice(at + 1).trim();
    if (key === 'version') version = value;
    else if (key.startsWith('server.')) servers[key.slice('server.'.length)] = value;
  }
  return { version, servers };
}

export function eventJson({ type, state, path, zxid }: WatchedEvent): Record<string, unknown> {
  return {
    event: {
      type: eventTypeName(type),
      state: keeperStateName(state),
      path,
      zxid: zxid < 0n ? null : `0x${hexOf(zxid)}`,
    },
  };
}
