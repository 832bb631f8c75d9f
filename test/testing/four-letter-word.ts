/**
 * Asks a server one of its four-letter words on a plain connection: everything it says until it closes. Knows no word by
 * itself, waits for nobody.
 */
import { WireConnection } from './wire-connection.js';

const DEADLINE_MS = 5_000;

export async function fourLetterWord(port: number, word: string, deadlineMs = DEADLINE_MS): Promise<string> {
  const connection = await WireConnection.open(port);
  try {
    connection.send(Buffer.from(word));
    return (await connection.readToEnd(deadlineMs)).toString('utf8');
  } finally {
    connection.destroy();
  }
}
