// The eleven lines in which zkCli shows a Stat.

import { hexOf } from '../../base/int64.js';
import type { Stat } from '../../protocol/stat.js';
import { javaDate } from './java-date.js';

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
