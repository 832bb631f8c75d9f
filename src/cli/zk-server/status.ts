// `status`: finds the client port, asks the server for `srvr` and prints its mode.
// What monitoring reads is the line with `Mode:` on stdout and the exit code.
// It reads files and opens one connection; it must not change anything.

import { findClientAddress } from './client-address.js';
import { askFourLetterWord } from './four-letter-client.js';
import type { Launch } from './launch.js';
import { askOverTls } from './secure-question.js';
import type { Terminal } from './terminal.js';

const REPLY_TIMEOUT_MS = 5000;

export async function status(launch: Launch, terminal: Terminal): Promise<number> {
  const address = findClientAddress(launch.pairs ?? new Map(), (line) => terminal.out(`${line}\n`));
  if (address === null) return 1;
  const { host, port, secure } = address;
  terminal.out(`Client port found: ${port}. Client address: ${host}. Client SSL: ${secure}.\n`);
  const bare = host.replace(/^\[|\]$/g, '');
  const reply = secure
    ? await askSecurely(launch, bare, port, terminal)
    : await askFourLetterWord(bare, port, 'srvr', REPLY_TIMEOUT_MS);
  const mode = reply?.split('\n').find((line) => line.includes('Mode'));
  if (mode !== undefined) {
    terminal.out(`${mode.trim()}\n`);
    return 0;
  }
  if (secure) {
    terminal.out(
      ' \nNote: only secureClientPort is configured, and nothing could be asked over TLS. The trust store for it, and the\n' +
        '  key store if the server wants client certificates, are taken from CLIENT_JVMFLAGS, for example\n' +
        '  CLIENT_JVMFLAGS="-Dzookeeper.ssl.trustStore.location=ca.pem -Dzookeeper.ssl.keyStore.location=client.pem"\n \n',
    );
  }
  terminal.out('Error contacting service. It is probably not running.\n');
  return 1;
}

/** Null also when a client cannot be what CLIENT_JVMFLAGS says, with the reason on stderr. */
async function askSecurely(launch: Launch, host: string, port: number, terminal: Terminal): Promise<string | null> {
  try {
    return await askOverTls(host, port, 'srvr', REPLY_TIMEOUT_MS, launch.env.CLIENT_JVMFLAGS ?? '');
  } catch (error) {
    terminal.err(`${(error as Error).message}\n`);
    return null;
  }
}
