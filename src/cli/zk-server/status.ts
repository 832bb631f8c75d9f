// `status`: finds the client port, asks the server for `srvr` and prints its mode.
// What monitoring reads is the line with `Mode:` on stdout and the exit code.
// It reads files and opens one connection; it must not change anything.

import { findClientAddress } from './client-address.js';
import { askFourLetterWord } from './four-letter-client.js';
import type { Launch } from './launch.js';
import type { Terminal } from './terminal.js';

const REPLY_TIMEOUT_MS = 5000;

export async function status(launch: Launch, terminal: Terminal): Promise<number> {
  const address = findClientAddress(launch.pairs ?? new Map(), (line) => terminal.out(`${line}\n`));
  if (address === null) return 1;
  const { host, port, secure } = address;
  terminal.out(`Client port found: ${port}. Client address: ${host}. Client SSL: ${secure}.\n`);
  const reply = secure ? null : await askFourLetterWord(host.replace(/^\[|\]$/g, ''), port, 'srvr', REPLY_TIMEOUT_MS);
  const mode = reply?.split('\n').find((line) => line.includes('Mode'));
  if (mode !== undefined) {
    terminal.out(`${mode.trim()}\n`);
    return 0;
  }
  if (secure) {
    terminal.out(
      ' \nNote: only secureClientPort is configured. This version cannot ask over TLS yet; once it can, the key and\n' +
        '  trust stores for it are taken from CLIENT_JVMFLAGS.\n \n',
    );
  }
  terminal.out('Error contacting service. It is probably not running.\n');
  return 1;
}
