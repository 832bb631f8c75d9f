// `threadkeeper ask <host> <port> <word> [secure]`: sends a four-letter word and prints the reply, as Apache's
// FourLetterWordMain does for scripts on machines without nc. Over TLS as a client that CLIENT_JVMFLAGS describes.
// Exit code 1 when nobody answers within five seconds.

import { askFourLetterWord } from '../zk-server/four-letter-client.js';
import { askOverTls } from '../zk-server/secure-question.js';
import { type SubCommandContext, SubCommandUsageError } from './sub-command.js';

const REPLY_TIMEOUT_MS = 5000;

export async function ask({ args, env, out, err }: SubCommandContext): Promise<number> {
  const [host, portText = '', word, secure, ...more] = args;
  if (word === undefined || more.length > 0) throw new SubCommandUsageError('host, port and word are needed');
  const port = Number(portText);
  if (!/^\d+$/.test(portText) || port < 1 || port > 0xffff) throw new SubCommandUsageError(`${portText} is not a port`);
  if (secure !== undefined && secure !== 'true' && secure !== 'false' && secure !== 'secure') {
    throw new SubCommandUsageError(`${secure} is neither secure nor true nor false`);
  }
  const reply =
    secure === 'secure' || secure === 'true'
      ? await askOverTls(host, port, word, REPLY_TIMEOUT_MS, `${env.CLIENT_JVMFLAGS ?? ''} ${env.JVMFLAGS ?? ''}`)
      : await askFourLetterWord(host, port, word, REPLY_TIMEOUT_MS);
  if (reply === null) {
    err(`${host}:${port} does not answer ${word}\n`);
    return 1;
  }
  out(`${reply}\n`);
  return 0;
}
