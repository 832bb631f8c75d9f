// create: makes a node of any kind. What was made is announced on stderr, as ever, since with -s
// only the server knows the name. Options that exclude each other are refused here, before
// anything is sent, in the reference's order.

import { encodeUtf8 } from '../../../base/utf8.js';
import type { CreateOptions } from '../../../client/create-options.js';
import { isKeeperError, KeeperError } from '../../../client/keeper-error.js';
import { type ACL, OPEN_ACL_UNSAFE } from '../../../protocol/acl.js';
import { CreateMode, TTL_MS_MAX } from '../../../protocol/create-mode.js';
import { ErrorCode } from '../../../protocol/error-code.js';
import { parseAcl } from '../acl-text.js';
import { type Command, usageError } from '../command.js';
import { CommandError } from '../command-error.js';
import { type ParsedOptions, parseOptions } from '../command-options.js';

/** What a Java long may not reach. */
const LONG_LIMIT = 2 ** 63;

export const createCommand: Command = {
  name: 'create',
  syntax: '[-s] [-e] [-c] [-t ttl] path [data] [acl]',

  async run(words, { zk, terminal, json }) {
    const options = parseOptions(words, 'sec', 't');
    const [, path, data, aclText] = options.args;
    if (path === undefined) throw usageError(createCommand);
    const kind = kindOf(options);
    let acl: readonly ACL[] = OPEN_ACL_UNSAFE;
    try {
      if (aclText !== undefined) {
        acl = parseAcl(aclText, terminal);
        if (acl.length === 0) throw new KeeperError(ErrorCode.InvalidACL);
      }
      const made = await zk.create(path, data === undefined ? null : encodeUtf8(data), { ...kind, acl });
      terminal.err(`Created ${made}`);
      json?.({ path: made });
    } catch (error) {
      if (isKeeperError(error, ErrorCode.EphemeralOnLocalSession)) {
        terminal.err('Unable to create ephemeral node on a local session');
      }
      if (isKeeperError(error, ErrorCode.InvalidACL)) terminal.err(error.message);
      throw error;
    }
  },
};

function kindOf(options: ParsedOptions): CreateOptions {
  const isEphemeral = options.has('e');
  const isSequential = options.has('s');
  const isContainer = options.has('c');
  if (isContainer && (isEphemeral || isSequential)) {
    throw new CommandError('-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.');
  }
  const ttlText = options.value('t');
  if (ttlText !== undefined) {
    const ttlMs = /^[+-]?\d+$/.test(ttlText) ? Number(ttlText) : Number.NaN;
    if (!(Math.abs(ttlMs) < LONG_LIMIT)) throw new CommandError('-t argument must be a long value');
    if (isEphemeral) throw new CommandError('TTLs cannot be used with Ephemeral znodes');
    if (isContainer) throw new CommandError('TTLs cannot be used with Container znodes');
    if (ttlMs < 1 || ttlMs > TTL_MS_MAX) {
      throw new CommandError(`ttl must be positive and cannot be larger than: ${TTL_MS_MAX}`);
    }
    return { mode: isSequential ? CreateMode.PersistentSequentialWithTtl : CreateMode.PersistentWithTtl, ttlMs };
  }
  if (isContainer) return { mode: CreateMode.Container };
  if (isEphemeral) return { mode: isSequential ? CreateMode.EphemeralSequential : CreateMode.Ephemeral };
  return { mode: isSequential ? CreateMode.PersistentSequential : CreateMode.Persistent };
}
