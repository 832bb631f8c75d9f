/**
 * The sending half of one election link (upstream's SendWorker): frames out, one at a time (ensemble-protocol 3.3).
 *
 *   frame   | int length | payload |
 *
 * Made by QuorumCnxManager for a socket behind its handshake; owned by the link. Takes the peer's queued message only when the
 * socket has taken all before it: until then a newer one may take its place.
 */
import { copyBytes, writeInt32 } from '../base/bytes.js';
import type { PeerSocket } from './peer-network.js';

const LENGTH_BYTES = 4;

/** What is to be sent to one peer: at most one message, the newest. Outlives links. */
export interface SendQueue {
  /** Not yet given to any socket. */
  unsent: Uint8Array | null;
  /** Given to a socket last; sent again when a new link begins with nothing else to say. */
  lastSent: Uint8Array | null;
}

export class SendWorker {
  private readonly socket: PeerSocket;
  private readonly queue: SendQueue;

  constructor(socket: PeerSocket, queue: SendQueue) {
    this.socket = socket;
    this.queue = queue;
  }

  /** What the peer was told last may have been lost with the link before. */
  start(): void {
    this.queue.unsent ??= this.queue.lastSent;
    this.flush();
  }

  flush(): void {
    const message = this.queue.unsent;
    if (message === null || this.socket.queuedBytes > 0) return;
    this.queue.unsent = null;
    this.queue.lastSent = message;
    const frame = new Uint8Array(LENGTH_BYTES + message.length);
    writeInt32(frame, 0, message.length);
    copyBytes(message, 0, frame, LENGTH_BYTES, message.length);
    this.socket.write(frame, 0, frame.length);
  }
}
