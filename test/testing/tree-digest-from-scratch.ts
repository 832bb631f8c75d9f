// The tree digest computed another way than the server does it: node by node from what a reader shows, spelled out as the
// reference defines it, with the platform's CRC-32.
import { crc32 } from 'node:zlib';
import { JuteReader } from '../../src/jute/jute-reader.js';
import { decodeStatPersisted } from '../../src/protocol/stored-records.js';
import type { TreeReader } from '../../src/store/tree-reader.js';

/** Of the whole tree, signed as it is stored. */
export function digestFromScratch(reader: TreeReader): bigint {
  let digest = 0n;
  const visit = (ref: number): void => {
    digest += nodeDigestFromScratch(reader, ref);
    for (let i = 0; i < reader.childCount(ref); i++) visit(reader.childAt(ref, i));
  };
  visit(reader.find(new Uint8Array(0), 0, 0));
  return BigInt.asIntN(64, digest);
}

/** Path, data and all stored stat fields in a fixed order; nothing below /zookeeper counts. */
function nodeDigestFromScratch(reader: TreeReader, ref: number): bigint {
  const path = new Uint8Array(reader.pathLength(ref));
  reader.copyPath(ref, path, 0);
  if (new TextDecoder().decode(path).startsWith('/zookeeper/')) return 0n;
  const data = new Uint8Array(Math.max(reader.dataLength(ref), 0));
  reader.copyData(ref, data, 0, data.length);
  const persisted = new Uint8Array(60);
  reader.copyStatPersisted(ref, persisted, 0);
  const stat = decodeStatPersisted(new JuteReader(persisted));
  const fields = new DataView(new ArrayBuffer(60));
  let at = 0;
  for (const value of [stat.czxid, stat.mzxid, stat.pzxid, stat.ctime, stat.mtime]) {
    fields.setBigInt64(at, value);
    at += 8;
  }
  for (const value of [stat.version, stat.cversion, stat.aversion]) {
    fields.setInt32(at, value);
    at += 4;
  }
  fields.setBigInt64(at, stat.ephemeralOwner);
  return BigInt(crc32(new Uint8Array(fields.buffer), crc32(data, crc32(path))));
}
