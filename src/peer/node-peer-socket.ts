/**
 * One connection between servers on Node's sockets: the shell behind `PeerSocket`, plain or encrypted.
 *
 * Lives on the thread of the actor that was given it. A plain socket reads through one buffer per thread (`onread`; half of the
 * processor time per small read, see net/node-client-network.ts), an encrypted one by the chunks that Node makes. Knows nothing
 * of what it carries, and keeps nothing of it but what the system has not taken yet.
 *
 *   opening --> open --> ending --> over      `onClose` is told on the way to over, unless `destroy` was the way
 *      +---------+---------+----------^
 */
import { Socket } from 'node:net';
import { assert } from '../base/assert.js';
import type { PeerSocket, PeerSocketEvents } from '../election/peer-network.js';
import { tlsFailureText } from './tls-failure.js';

const READ_BYTES = 65536;
/** Up to here, what goes to an encrypted socket is copied: it never takes bytes at once. */
const COPIED_BYTES_MAX = 4096;
/** How long the other side may take to close after our orderly end. */
const LINGER_MS = 5000;

const Phase = { opening: 0, open: 1, ending: 2, over: 3 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/** What Node's sockets carry inside; stable since Node 12, and checked before it is used. */
interface WithHandle {
  _handle: object | null;
}

/** One for each thread that has such sockets: what stands in it is valid during one callback only. */
let readBuffer: Buffer | null = null;

/** What `net.Socket` takes so that it reads through this thread's buffer. */
export function readingThroughBuffer(peer: NodePeerSocket): { onread: object } {
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
  return {
    onread: {
      buffer: readBuffer,
      callback: (count: number, bytes: Uint8Array): boolean => {
        peer.onBytes(bytes, count);
        return true;
      },
    },
  };
}

/**
 * The accepted socket's connection in one that reads through this thread's buffer: Node gives that only to sockets which it did
 * not accept itself. Where a Node version has no such handle, the accepted socket serves.
 */
export function movedForReading(accepted: Socket, peer: NodePeerSocket): { socket: Socket; isMoved: boolean } {
  const handle = (accepted as unknown as WithHandle)._handle;
  if (handle === null || typeof handle !== 'object') return { socket: accepted, isMoved: false };
  (accepted as unknown as WithHandle)._handle = null;
  const options = { handle, ...readingThroughBuffer(peer) };
  // `handle` and `onread` are accepted by the constructor; the published types know only part of them.
  const socket = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
  // The empty shell: its server counts it until it is gone.
  accepted.destroy();
  return { socket, isMoved: true };
}

export class NodePeerSocket implements PeerSocket {
  remoteAddress = '';
  remotePort = 0;
  private events: PeerSocketEvents | null = null;
  private socket: Socket | null = null;
  private phase: Phase = Phase.opening;
  private isEncrypted = false;
  private isPaused = false;
  /** A write was not taken at once, and nobody has been told of the drain since. */
  private drainsLater = false;
  private reason = 'closed by the peer';
  /** Told behind the reason when the other side ends it before it has said a word; else empty. */
  private hintOfSilence = '';
  private linger: NodeJS.Timeout | null = null;
  private readonly onTaken = (): void => this.tellDrain();
  /** What is to be stopped when nobody wants the connection that is being opened. */
  private readonly cancelOpening: () => void;

  constructor(cancelOpening: () => void) {
    this.cancelOpening = cancelOpening;
  }

  get queuedBytes(): number {
    return this.socket?.writableLength ?? 0;
  }

  get isOver(): boolean {
    return this.phase === Phase.over;
  }

  listenWith(events: PeerSocketEvents): void {
    this.events = events;
  }

  /**
   * Of an encrypted one that is called: of TLS 1.3 the calling side is open before the called one has looked at its certificate, and
   * not everybody (Node among them) says so with an alert.
   */
  suspectRefusal(): void {
    this.hintOfSilence = " before it said anything: does it refuse this server's certificate? Its log tells";
  }

  /** `socket` is connected. `readsChunks`: it does not read through the buffer. Reading begins with `beginReading`. */
  adopt(socket: Socket, isEncrypted: boolean, readsChunks: boolean): void {
    assert(this.phase === Phase.opening && this.socket === null, 'a connection is opened once');
    this.phase = Phase.open;
    this.socket = socket;
    this.isEncrypted = isEncrypted;
    if (readsChunks) socket.on('data', (chunk: Buffer) => this.onBytes(chunk, chunk.length));
    // Who sends nothing more has gone: no server of this protocol closes only half of a connection.
    socket.on('end', () => socket.destroy());
    socket.on('error', (error) => {
      this.reason = isEncrypted ? tlsFailureText(error) : error.message;
      // An alert says it all.
      if (this.reason !== error.message) this.hintOfSilence = '';
    });
    socket.on('close', () => this.onGone());
  }

  /** Of an accepted socket, once somebody listens. */
  beginReading(): void {
    if (this.isPaused || this.phase !== Phase.open) return;
    this.socket?.resume();
    this.socket?.read(0);
  }

  onBytes(bytes: Uint8Array, count: number): void {
    // What arrives behind our own end is read, so that the other side's end is seen, and dropped.
    if (this.phase !== Phase.open) return;
    this.hintOfSilence = '';
    this.events?.onData(bytes, count);
  }

  /** The connection that was to be opened never was. */
  failOpening(reason: string): void {
    if (this.phase === Phase.over) return;
    this.phase = Phase.over;
    this.events?.onClose(reason);
  }

  write(bytes: Uint8Array, offset: number, length: number): boolean {
    assert(this.phase !== Phase.opening, 'nothing is written to a connection that is not open');
    const { socket } = this;
    // Gone or going: the caller learns that from onClose; these bytes go nowhere.
    if (socket === null || this.phase !== Phase.open || socket.destroyed || length === 0) return true;
    if (this.isEncrypted && length <= COPIED_BYTES_MAX) {
      this.drainsLater = true;
      socket.write(Buffer.from(bytes.subarray(offset, offset + length)), this.onTaken);
      return true;
    }
    socket.write(Buffer.from(bytes.buffer, bytes.byteOffset + offset, length), this.onTaken);
    if (socket.writableLength === 0) return true;
    this.drainsLater = true;
    return false;
  }

  pause(): void {
    this.isPaused = true;
    if (this.phase === Phase.open) this.socket?.pause();
  }

  resume(): void {
    this.isPaused = false;
    if (this.phase === Phase.open) this.socket?.resume();
  }

  end(): void {
    if (this.phase === Phase.opening) {
      // Nothing can be queued: not to open it at all is the orderly end, and the caller is told as of any other.
      this.cancelOpening();
      process.nextTick(() => this.failOpening('ended before it was open'));
      return;
    }
    const { socket } = this;
    if (this.phase !== Phase.open || socket === null) return;
    this.phase = Phase.ending;
    this.reason = 'ended by this server';
    socket.resume();
    socket.end();
    this.linger = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }

  destroy(): void {
    if (this.phase === Phase.over) return;
    if (this.phase === Phase.opening) this.cancelOpening();
    this.phase = Phase.over;
    this.socket?.destroy();
  }

  private tellDrain(): void {
    const { socket } = this;
    // Of a connection that breaks, Node lets go of what was queued: nobody has taken that.
    if (!this.drainsLater || socket === null || socket.writableLength > 0 || socket.destroyed) return;
    this.drainsLater = false;
    if (this.phase === Phase.open) this.events?.onDrain();
  }

  private onGone(): void {
    if (this.linger !== null) clearTimeout(this.linger);
    if (this.phase === Phase.over) return;
    const wasOpen = this.phase === Phase.open;
    this.phase = Phase.over;
    this.events?.onClose(wasOpen ? this.reason + this.hintOfSilence : this.reason);
  }
}
