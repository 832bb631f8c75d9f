/**
 * One conversation of a fuzzing client with a server process: a handshake, generated frames, a FIN; then everything the
 * server sends until it ends the connection, too, which it must.
 */
import type { Prng } from '../../src/base/prng.js';
import { connectRequest, WireConnection } from '../testing/wire-connection.js';
import type { RequestGenerator } from '../unit/net/fuzz/request-generator.js';

const FRAMES_MAX = 100;
const END_MS = 20_000;

export interface Conversation {
  readonly frames: number;
  readonly answers: Buffer;
}

export async function converse(port: number, prng: Prng, generator: RequestGenerator): Promise<Conversation> {
  const connection = await WireConnection.open(port);
  // A reset is as good an end as any for one that sends what it should not.
  connection.socket.on('error', () => {});
  if (prng.below(10) === 0) connection.send(generator.handshake(0n, new Uint8Array(16)).bytes);
  else connection.send(connectRequest());
  const frames = 1 + prng.below(FRAMES_MAX);
  for (let i = 0; i < frames; i++) connection.send(generator.next().bytes);
  connection.socket.end();
  const answers = await connection.readToEnd(END_MS);
  connection.destroy();
  return { frames, answers };
}
