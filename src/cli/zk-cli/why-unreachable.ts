// Why no server of a connect string gives a session, one sentence for each: its name is unknown, nobody listens, somebody
// listens and serves nobody, or says nothing that a client understands. Asked once a command has failed, so that the cause
// stands beside ZooKeeper's `ConnectionLoss`. It opens one connection to each server, one after the other, and closes it.

import { connect } from 'node:net';
import { parseConnectString, type ServerAddress } from '../../client/connect-string.js';

const PATIENCE_MS = 1000;
/** Told of more than that nobody needs to read. */
const SERVERS_MAX = 9;
/** Answered by every server with its version first, or with the sentence that it does not serve. */
const WORD = 'srvr';
const NOT_SERVING = /not currently serving/;
/** A server that is told not to answer the word is one. */
const SERVING = /^Zookeeper version|is not in the whitelist/;

type Attempt = { readonly error: string } | { readonly reply: string };

/** Empty: they answer as servers do, so it is nothing that can be seen from here. */
export async function whyUnreachable(connectString: string): Promise<string[]> {
  const told: string[] = [];
  for (const server of parseConnectString(connectString).servers.slice(0, SERVERS_MAX)) {
    const reason = reasonOf(await attempt(server));
    const host = server.host.includes(':') ? `[${server.host}]` : server.host;
    if (reason !== null) told.push(`${host}:${server.port}: ${reason}`);
  }
  return told;
}

function reasonOf(result: Attempt): string | null {
  if ('error' in result) return `cannot be reached: ${result.error}`;
  if (NOT_SERVING.test(result.reply)) return 'a server that serves nobody at the moment: an ensemble without a quorum?';
  if (SERVING.test(result.reply)) return null;
  return 'somebody listens, who gives no session: is one side set for TLS and the other not?';
}

function attempt({ host, port }: ServerAddress): Promise<Attempt> {
  return new Promise((resolve) => {
    let reply = '';
    let isConnected = false;
    const socket = connect({ host, port });
    const end = (result: Attempt): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(result);
    };
    const answer = (): void => end({ reply });
    const deadline = setTimeout(
      () => (isConnected ? answer() : end({ error: `no answer within ${PATIENCE_MS} ms` })),
      PATIENCE_MS,
    );
    socket.setEncoding('latin1');
    socket.on('connect', () => {
      isConnected = true;
      socket.write(WORD);
    });
    socket.on('data', (text: string) => {
      reply += text;
    });
    socket.on('end', answer);
    socket.on('error', (error) => (isConnected ? answer() : end({ error: messageOf(error) })));
  });
}

/** A name with several addresses fails with several errors at once, and no words of its own. */
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((each) => (each as Error).message).join(', ');
}
