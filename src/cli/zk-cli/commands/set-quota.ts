// setquota: limits how many nodes, or how many bytes of data, there may be at and below a path; soft (told in the
// server's log) or hard (refused, if the server enforces quotas). One limit per call, others that exist are kept. A
// quota within another is refused; one that is exceeded already is set, with a warning.

import { decodeUtf8, encodeUtf8 } from '../../../base/utf8.js';
import { isKeeperError } from '../../../client/keeper-error.js';
import type { ZooKeeper } from '../../../client/zookeeper.js';
import { ErrorCode } from '../../../protocol/error-code.js';
import { type Command, usageError } from '../command.js';
import { CommandError } from '../command-error.js';
import { parseOptions } from '../command-options.js';
import {
  limitsPath,
  QUOTA_KEYS,
  QUOTA_ROOT,
  type QuotaOption,
  QuotaStats,
  quotaPath,
  statsPath,
} from '../quota-stats.js';
import { childPath } from '../subtree.js';
import type { Terminal } from '../terminal.js';

const INT_MAX = 0x7fff_ffffn;
const LONG_MAX = 0x7fff_ffff_ffff_ffffn;

export const setQuotaCommand: Command = {
  name: 'setquota',
  syntax: '-n|-b|-N|-B val path',

  async run(words, { zk, terminal }) {
    const options = parseOptions(words, '', 'nbNB');
    const option = options.onlyOne('nbNB') as QuotaOption | undefined;
    if (option === undefined) {
      throw new CommandError(
        'org.apache.commons.cli.MissingOptionException: Missing required option: ' +
          '[-n num soft quota, -b bytes soft quota, -N num hard quota, -B bytes hard quota]',
      );
    }
    const path = options.args[1];
    if (path === undefined) throw usageError(setQuotaCommand);
    if (path.startsWith(QUOTA_ROOT)) {
      terminal.err(`cannot set a quota under the path: ${QUOTA_ROOT}`);
      return;
    }
    const limit = limitOf(option, options.value(option) as string);
    if (typeof limit === 'string') terminal.err(limit);
    else await setQuota(zk, terminal, path, option, limit);
  },
};

/** The limit, or the sentence that says why it is none. Such sentences are no failures. */
function limitOf(option: QuotaOption, text: string): bigint | string {
  const isCount = option === 'n' || option === 'N';
  const value = /^[+-]?\d+$/.test(text) ? BigInt(text) : null;
  const max = isCount ? INT_MAX : LONG_MAX;
  if (value === null || value > max || value < -max - 1n) {
    return 'NumberFormatException happens when parsing the option value';
  }
  if (isCount && value <= 0n) return 'the num quota must be greater than zero';
  if (!isCount && value < 0n) return 'the bytes quota must be greater than or equal to zero';
  return value;
}

async function setQuota(
  zk: ZooKeeper,
  terminal: Terminal,
  path: string,
  option: QuotaOption,
  limit: bigint,
): Promise<void> {
  if ((await zk.exists(path)) === null) throw new CommandError(`${path} does not exist.`);
  await refuseInsideAnother(zk, path);
  await refuseAroundAnother(zk, path, path);
  await createWay(zk, path);
  const limits = (await readStats(zk, limitsPath(path))) ?? noLimits();
  limits.set(QUOTA_KEYS[option], limit);
  await writeLimits(zk, path, limits);
  const use = (await readStats(zk, statsPath(path))) ?? new QuotaStats();
  for (const [soft, hard] of [
    [QUOTA_KEYS.n, QUOTA_KEYS.N],
    [QUOTA_KEYS.b, QUOTA_KEYS.B],
  ] as const) {
    if (limits.isExceededBy(use, soft, hard)) {
      terminal.out(`[Warning]: the ${soft} quota you create is less than the existing ${soft}:${use.get(soft)}`);
    }
  }
}

async function refuseInsideAnother(zk: ZooKeeper, path: string): Promise<void> {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const parent = path.slice(0, at);
    if ((await zk.exists(limitsPath(parent))) !== null) {
      throw new CommandError(`${path} has a parent ${parent} which has a quota`);
    }
  }
}

async function refuseAroundAnother(zk: ZooKeeper, path: string, at: string): Promise<void> {
  let names: readonly string[];
  try {
    names = await zk.getChildren(quotaPath(at));
  } catch (error) {
    if (isKeeperError(error, ErrorCode.NoNode)) return; // no quota there or below
    throw error;
  }
  for (const name of names) {
    if (at !== path && name === 'zookeeper_limits') {
      throw new CommandError(`${path} has a child ${at} which has a quota`);
    }
    if (!name.startsWith('zookeeper_')) await refuseAroundAnother(zk, path, childPath(at, name));
  }
}

/** The nodes on the way to the two that make the quota. */
async function createWay(zk: ZooKeeper, path: string): Promise<void> {
  for (let at = path.indexOf('/', 1); ; at = path.indexOf('/', at + 1)) {
    await createIfAbsent(zk, quotaPath(at < 0 ? path : path.slice(0, at)), null);
    if (at < 0) return;
  }
}

/** All four are named in a new quota; one that was made without the hard ones stays so. */
function noLimits(): QuotaStats {
  const limits = new QuotaStats();
  for (const key of Object.values(QUOTA_KEYS)) limits.set(key, -1n);
  return limits;
}

async function writeLimits(zk: ZooKeeper, path: string, limits: QuotaStats): Promise<void> {
  const text = encodeUtf8(limits.text);
  if (await createIfAbsent(zk, limitsPath(path), text)) {
    // The server counts when this node is made, and writes over what it is given.
    const zero = new QuotaStats('count=0,bytes=0');
    await createIfAbsent(zk, statsPath(path), encodeUtf8(zero.text));
  } else {
    await zk.setData(limitsPath(path), text);
  }
}

/** False: it was there. */
async function createIfAbsent(zk: ZooKeeper, path: string, data: Uint8Array | null): Promise<boolean> {
  try {
    await zk.create(path, data);
    return true;
  } catch (error) {
    if (isKeeperError(error, ErrorCode.NodeExists)) return false;
    throw error;
  }
}

/** null: there is no such node. */
async function readStats(zk: ZooKeeper, path: string): Promise<QuotaStats | null> {
  try {
    const { data } = await zk.getData(path);
    return new QuotaStats(data === null ? '' : decodeUtf8(data, 0, data.length));
  } catch (error) {
    if (isKeeperError(error, ErrorCode.NoNode)) return null;
    throw error;
  }
}
