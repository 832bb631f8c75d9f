/**
 * Tells by its first bytes what an accepted connection speaks (ensemble-protocol 10.2): a TLS handshake, or plain bytes of the
 * election or quorum protocol. Reads as little as it needs and gives back all of it. Once per connection; thread of its network.
 *
 *   16 03 vv ll ll    the head of a TLS record; nothing between servers that is plain begins so: a HELLO is 00 or ff, a packet of
 *                     a learner 00, one of authentication 5f
 */
import type { Socket } from 'node:net';

const RECORD_HEAD_BYTES = 5;
const HANDSHAKE = 0x16;
const MAJOR_VERSION = 3;

/**
 * `onKnown` gets what was read, null if nothing was. Silence for `timeoutMs` is plain, as those who connect and wait are; the end
 * is nothing at all, and `onKnown` is not called.
 */
export function detectFirstBytes(
  socket: Socket,
  timeoutMs: number,
  onKnown: (isTls: boolean, first: Buffer | null) => void,
): void {
  let first: Buffer | null = null;
  const end = (): void => {
    clearTimeout(timer);
    socket.removeListener('readable', onReadable);
    socket.removeListener('close', end);
    socket.removeListener('end', onEnd);
  };
  const onEnd = (): void => void socket.destroy();
  const know = (isTls: boolean): void => {
    end();
    onKnown(isTls, first);
  };
  const onReadable = (): void => {
    const read: Buffer | null = socket.read();
    // Nothing: the end, which tells itself.
    if (read === null) return;
    first = first === null ? read : Buffer.concat([first, read]);
    const verdict = isTlsRecord(first);
    if (verdict !== null) know(verdict);
  };
  const timer = setTimeout(() => know(false), timeoutMs);
  socket.on('readable', onReadable);
  socket.once('close', end);
  socket.once('end', onEnd);
}

/** Null: it takes more bytes to tell. */
function isTlsRecord(bytes: Uint8Array): boolean | null {
  if (bytes.length === 0) return null;
  if (bytes[0] !== HANDSHAKE) return false;
  if (bytes.length >= 2 && bytes[1] !== MAJOR_VERSION) return false;
  return bytes.length < RECORD_HEAD_BYTES ? null : true;
}
