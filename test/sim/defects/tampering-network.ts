/**
 * A member's network with somebody between it and its quorum connections who changes what it says: packets left out, doubled,
 * exchanged, altered. Elections are left alone, and so is everything that comes in but for being told of it.
 */
import type {
  PeerAddress,
  PeerListener,
  PeerNetwork,
  PeerSocket,
  PeerSocketEvents,
} from '../../../src/election/peer-network.js';
import { PacketSplitter } from '../invariants/packet-splitter.js';
import { QUORUM_PORT } from '../world/sim-plan.js';

export interface Packet {
  readonly type: number;
  readonly zxid: number;
  readonly bytes: Uint8Array;
}

/** Of one connection, made anew for each. */
export interface Tamper {
  /** What is said in its place; the packets of one write come one after another. */
  outgoing?(packet: Packet): readonly Uint8Array[];
  /** Behind the packets of one write: what was kept back. */
  flush?(): readonly Uint8Array[];
  /** `say` writes at once. */
  incoming?(packet: Packet, say: (bytes: Uint8Array) => void): void;
}

export class TamperingNetwork implements PeerNetwork {
  private readonly inner: PeerNetwork;
  private readonly newTamper: (isLeader: boolean) => Tamper;

  constructor(inner: PeerNetwork, newTamper: (isLeader: boolean) => Tamper) {
    this.inner = inner;
    this.newTamper = newTamper;
  }

  listen(
    host: string | undefined,
    port: number,
    accept: (socket: PeerSocket) => PeerSocketEvents | null,
    onListening: (port: number) => void,
    onError: (error: Error) => void,
  ): PeerListener {
    if (port !== QUORUM_PORT) return this.inner.listen(host, port, accept, onListening, onError);
    const acceptTampered = (socket: PeerSocket): PeerSocketEvents | null => {
      const tampered = new TamperedSocket(socket, this.newTamper(true));
      const events = accept(tampered);
      return events === null ? null : tampered.lookOn(events);
    };
    return this.inner.listen(host, port, acceptTampered, onListening, onError);
  }

  connect(addresses: readonly PeerAddress[], timeoutMs: number, events: PeerSocketEvents): PeerSocket {
    if (addresses[0]?.port !== QUORUM_PORT) return this.inner.connect(addresses, timeoutMs, events);
    const tampered = new TamperedSocket(null, this.newTamper(false));
    tampered.socket = this.inner.connect(addresses, timeoutMs, tampered.lookOn(events));
    return tampered;
  }

  close(): void {
    this.inner.close();
  }
}

class TamperedSocket implements PeerSocket {
  socket: PeerSocket;
  private readonly tamper: Tamper;
  private out: Uint8Array[] = [];
  private readonly outgoing: PacketSplitter;

  constructor(socket: PeerSocket | null, tamper: Tamper) {
    this.socket = socket as PeerSocket;
    this.tamper = tamper;
    this.outgoing = new PacketSplitter({
      onPacket: (type, zxid, bytes) => {
        const packet = { type, zxid, bytes: bytes.slice() };
        this.out.push(...(tamper.outgoing?.(packet) ?? [packet.bytes]));
      },
      onStream: (bytes) => this.out.push(bytes.slice()),
    });
  }

  lookOn(events: PeerSocketEvents): PeerSocketEvents {
    const { tamper } = this;
    const incoming = new PacketSplitter({
      onPacket: (type, zxid, bytes) =>
        tamper.incoming?.({ type, zxid, bytes }, (said) => this.socket.write(said, 0, said.length)),
    });
    return {
      onOpen: () => events.onOpen(),
      onData: (bytes, length) => {
        incoming.push(bytes, 0, length);
        events.onData(bytes, length);
      },
      onDrain: () => events.onDrain(),
      onClose: (reason) => events.onClose(reason),
    };
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress;
  }

  get remotePort(): number {
    return this.socket.remotePort;
  }

  get queuedBytes(): number {
    return this.socket.queuedBytes;
  }

  /** What is sent is another memory, so the caller's is free at once. */
  write(bytes: Uint8Array, offset: number, length: number): boolean {
    this.outgoing.push(bytes, offset, length);
    this.out.push(...(this.tamper.flush?.() ?? []));
    const all = new Uint8Array(this.out.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.out) {
      all.set(part, at);
      at += part.length;
    }
    this.out = [];
    if (all.length > 0) this.socket.write(all, 0, all.length);
    return true;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }
}
