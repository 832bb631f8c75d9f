// The eleven lines in which zkCli shows a Stat: zxids and owner in hex, times in the local zone,
// counters in decimal. Names and order are the reference's, which are not those of the record.
// Pure; used by every command that takes -s.

import { hexOf } from '../../base/int64.js';
import type { Stat } from '../../protocol/stat.js';
import { javaDate } from '../../server/java-date.js';

export function statBlock(stat: Stat): string {
  return [
    `cZxid = 0x${hexOf(stat.czxid)}`,
    `ctime = ${javaDate(Number(stat.ctime))}`,
    `mZxid = 0x${hexOf(stat.mzxid)}`,
    `mtime = ${javaDate(Number(stat.mtime))}`,
    `pZxid = 0x${hexOf(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = 0x${hexOf(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`,
  ].join('\n');
}
