// reconfig: changes who belongs to the ensemble, either step by step (-add, -remove) or as a whole (-members, or a file
// in the form of zoo.cfg.dynamic). With -v only if that is the version of the present configuration. What contradicts
// itself is refused here, in the reference's order; everything else is for the server to judge.

import { readFileSync } from 'node:fs';
import { parsePropertiesFile } from '../../../base/java-properties.js';
import { decodeUtf8 } from '../../../base/utf8.js';
import { KeeperError } from '../../../client/keeper-error.js';
import type { MembershipChange } from '../../../client/zookeeper-view.js';
import { type Command, usageError } from '../command.js';
import { CommandError } from '../command-error.js';
import { type ParsedOptions, parseNamedOptions } from '../command-options.js';
import { hasSentence } from '../error-text.js';
import { configJson, statJson } from '../json-answers.js';
import { statBlock } from '../stat-block.js';

export const reconfigCommand: Command = {
  name: 'reconfig',
  syntax:
    '[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | ' +
    '[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]',

  async run(words, { zk, terminal, json }) {
    const options = parseNamedOptions(words, ['s'], ['v', 'file', 'members', 'add', 'remove']);
    const change = changeOf(options);
    const { data, stat } = await zk.reconfig(change).catch((error: unknown) => {
      // No path is meant, and none is shown: not even that there is none.
      throw error instanceof KeeperError && hasSentence(error) ? new KeeperError(error.code, '') : error;
    });
    const text = data === null ? '' : decodeUtf8(data, 0, data.length);
    if (json !== null) {
      json({ ...configJson(text), stat: statJson(stat) });
      return;
    }
    terminal.out(`Committed new configuration:\n${text}`);
    if (options.has('s')) terminal.out(statBlock(stat));
  },
};

function changeOf(options: ParsedOptions): MembershipChange {
  const isWhole = options.has('file') || options.has('members');
  const isStepwise = options.has('add') || options.has('remove');
  if (!isWhole && !isStepwise) throw usageError(reconfigCommand);
  const fromVersion = versionOf(options.value('v'));
  if (isWhole && isStepwise) {
    throw new CommandError(
      "Can't use -file or -members together with -add or -remove (mixing incremental and non-incremental modes is not allowed)",
    );
  }
  if (options.has('file') && options.has('members')) {
    throw new CommandError("Can't use -file and -members together (conflicting non-incremental modes)");
  }
  const file = options.value('file');
  if (file !== undefined) return { members: membersIn(file), fromVersion };
  const members = options.value('members');
  if (members !== undefined) return { members: members.toLowerCase(), fromVersion };
  return {
    joining: options.value('add')?.toLowerCase(),
    leaving: options.value('remove')?.toLowerCase(),
    fromVersion,
  };
}

/** Hexadecimal, as `config` shows it. */
function versionOf(text: string | undefined): bigint {
  if (text === undefined) return -1n;
  const [, sign = '', digits = ''] = /^([+-]?)([0-9a-f]{1,16})$/i.exec(text) ?? [];
  const magnitude = digits === '' ? null : BigInt(`0x${digits}`);
  if (magnitude === null || magnitude > 0x7fff_ffff_ffff_ffffn) {
    throw new CommandError('-v must be followed by a long (configuration version)');
  }
  return sign === '-' ? -magnitude : magnitude;
}

/** The membership lines of a file, one per server. */
function membersIn(file: string): string {
  let properties: ReadonlyMap<string, string>;
  try {
    properties = parsePropertiesFile(readFileSync(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? `${file} (No such file or directory)` : message;
    throw new CommandError(`Error processing ${file}${reason}`);
  }
  const members = [...properties].filter(([key]) => key.startsWith('server.'));
  return members.map(([key, value]) => `${key}=${value}`).join('\n');
}
