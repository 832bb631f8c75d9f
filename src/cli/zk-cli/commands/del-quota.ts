// delquota: lifts one limit on a path, or without an option the whole quota, together with the nodes on the way to it
// that serve no other quota. A limit that is lifted leaves the quota in place, also when it was the last one. A path
// without a quota is no failure.

import { decodeUtf8, encodeUtf8 } from '../../../base/utf8.js';
import type { ZooKeeper } from '../../../client/zookeeper.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';
import { limitsPath, QUOTA_KEYS, QUOTA_ROOT, type QuotaOption, QuotaStats, quotaPath } from '../quota-stats.js';

export const delQuotaCommand: Command = {
  name: 'delquota',
  syntax: '[-n|-b|-N|-B] path',

  async run(words, { zk, terminal }) {
    const options = parseOptions(words, 'nbNB');
    const option = options.onlyOne('nbNB') as QuotaOption | undefined;
    const path = options.args[1];
    if (path === undefined) throw usageError(delQuotaCommand);
    if ((await zk.exists(limitsPath(path))) === null) terminal.out(`Quota does not exist for ${path}`);
    else if (option === undefined) await deleteQuota(zk, path);
    else await liftLimit(zk, path, option);
  },
};

async function liftLimit(zk: ZooKeeper, path: string, option: QuotaOption): Promise<void> {
  const { data } = await zk.getData(limitsPath(path));
  const limits = new QuotaStats(data === null ? '' : decodeUtf8(data, 0, data.length));
  limits.set(QUOTA_KEYS[option], -1n);
  await zk.setData(limitsPath(path), encodeUtf8(limits.text));
}

async function deleteQuota(zk: ZooKeeper, path: string): Promise<void> {
  for (const name of await zk.getChildren(quotaPath(path))) await zk.delete(`${quotaPath(path)}/${name}`);
  let node = quotaPath(path);
  while (node !== QUOTA_ROOT && (await zk.getChildren(node)).length === 0) {
    await zk.delete(node);
    node = node.slice(0, node.lastIndexOf('/'));
  }
}
