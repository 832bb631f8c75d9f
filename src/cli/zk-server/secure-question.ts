// A four-letter word over TLS, as a client whom JVM flags describe (-Dzookeeper.ssl.*), Java's way of telling a client its
// stores. For `zkServer status` and `threadkeeper ask`. Throws what is wrong with the stores; null is a server that does
// not answer.

import { readClientProperties } from '../../server/client-properties.js';
import { parseJvmFlags, splitShellWords } from '../../server/jvm-flags.js';
import { askFourLetterWordSecurely } from './four-letter-client.js';

export async function askOverTls(
  host: string,
  port: number,
  word: string,
  timeoutMs: number,
  jvmFlags: string,
): Promise<string | null> {
  const { properties } = parseJvmFlags(splitShellWords(jvmFlags));
  const { tls } = await readClientProperties(new Map([...properties, ['zookeeper.client.secure', 'true']]));
  const { verifyHostName: _, ca, cert, key, ...rest } = tls ?? { verifyHostName: true };
  const options = {
    ...rest,
    ...(ca === undefined ? {} : { ca: [...ca] }),
    ...(cert === undefined ? {} : { cert: [...cert] }),
    ...(key === undefined ? {} : { key: [...key] }),
  };
  return await askFourLetterWordSecurely(host, port, word, timeoutMs, options);
}
