/**
 * The ports that one shard listens on, and what it tells the others about them.
 *
 * Shard 0 opens a port first, alone, so that a port in use is found out. The others then listen on its descriptor, or,
 * where Node can do it, each shard gets a socket of its own on the same port: those outlive the death of a shard. The same way a
 * port moves to another address while the server runs; connections stay. A descriptor that several shards listen on is never
 * closed then, since its number could be another socket's before the last of them closes it: it refuses everybody from then on,
 * and serves again if the port moves back. Owned by the shard, on its thread; knows nothing of what is spoken on a connection.
 */
import type { ActorContext } from '../actor/actor.js';
import { copyBytes } from '../base/bytes.js';
import { ScratchBytes } from '../processor/scratch-bytes.js';
import type { ClientListener, ClientNetwork, ClientSocket, ClientSocketEvents, PortKind } from './client-socket.js';
import type { ListenState } from './listen-state.js';
import { ShardRecord } from './shard-control.js';

export interface ClientPort {
  readonly port: number;
  readonly host: string | undefined;
  readonly kind: PortKind;
}

export interface ShardListenerOptions {
  readonly shard: number;
  readonly shardCount: number;
  /** At most two; everywhere a port is known by its index among them. */
  readonly ports: readonly ClientPort[];
  readonly backlog: number | undefined;
  readonly keepAlive: boolean;
}

/** A listening socket, or one that is about to be. */
interface OpenPort {
  readonly index: number;
  readonly host: string | undefined;
  port: number;
  fd: number;
  isRetired: boolean;
  listener: ClientListener | null;
}

export class ShardListener {
  private readonly context: ActorContext;
  private readonly network: ClientNetwork;
  private readonly state: ListenState;
  private readonly options: ShardListenerOptions;
  private readonly accept: (socket: ClientSocket, kind: PortKind) => ClientSocketEvents | null;
  /** All that are not closed. */
  private readonly open = new Set<OpenPort>();
  /** Those that serve, by index. */
  private readonly current: OpenPort[] = [];

  constructor(
    context: ActorContext,
    network: ClientNetwork,
    state: ListenState,
    options: ShardListenerOptions,
    accept: (socket: ClientSocket, kind: PortKind) => ClientSocketEvents | null,
  ) {
    this.context = context;
    this.network = network;
    this.state = state;
    this.options = options;
    this.accept = accept;
  }

  /** The server serves: shard 0 opens the ports. The others wait for its word. */
  start(): void {
    const { ports, shard } = this.options;
    if (shard > 0) return;
    for (const [index, { host, port }] of ports.entries()) this.openFirst(index, host, port);
  }

  /** A shard made anew finds a server that serves already, perhaps elsewhere than it was configured. */
  resume(): void {
    const { ports, shard } = this.options;
    for (const [index, { host, port }] of ports.entries()) {
      const isOpen = this.state.isOpen(index);
      if (shard > 0) {
        if (isOpen) this.listenLike(index, this.state.fd(index), this.state.port(index));
      } else if (isOpen && this.hasOwnSockets) {
        // The others listen there: nobody can be alone on it, and nobody need.
        this.openOwn(index, this.state.host(index), this.state.port(index));
      } else if (isOpen) {
        this.openFirst(index, this.state.host(index), this.state.port(index));
      } else this.openFirst(index, host, port);
    }
  }

  /** Shard 0 alone: the port of this index is to be this one. Until it listens, or if it cannot, the old one serves. */
  move(index: number, host: string | undefined, port: number): void {
    for (const retired of this.open) {
      if (!retired.isRetired || retired.index !== index || retired.host !== host || retired.port !== port) continue;
      this.take(retired);
      this.announce(retired, retired.fd);
      return;
    }
    this.openFirst(index, host, port);
  }

  /** Shard 0 listens: on this descriptor, or on a port that every shard opens for itself. */
  listenLike(index: number, fd: number, port: number): void {
    const host = this.state.host(index);
    for (const known of this.open) {
      if (!known.isRetired || known.index !== index || known.fd !== fd || known.port !== port) continue;
      this.take(known);
      return;
    }
    const sharedFd = fd >= 0 ? fd : undefined;
    this.listen(index, host, port, sharedFd, fd < 0, (opened) => this.take(opened));
  }

  close(): void {
    for (const { listener } of this.open) listener?.close();
    this.network.close();
  }

  private get hasOwnSockets(): boolean {
    return this.options.shardCount > 1 && this.network.canReusePort;
  }

  private openFirst(index: number, host: string | undefined, port: number): void {
    this.listen(index, host, port, undefined, false, (opened) => {
      if (!this.hasOwnSockets) {
        this.take(opened);
        this.announce(opened, opened.fd);
        return;
      }
      this.open.delete(opened);
      opened.listener?.close(() => this.openOwn(index, host, opened.port));
    });
  }

  private openOwn(index: number, host: string | undefined, port: number): void {
    this.listen(index, host, port, undefined, true, (own) => {
      this.take(own);
      this.announce(own, -1);
    });
  }

  /** It is the port of its index now, in the place of another. */
  private take(port: OpenPort): void {
    const before = this.current[port.index];
    this.current[port.index] = port;
    port.isRetired = false;
    if (before === undefined || before === port) return;
    if (this.options.shardCount > 1 && !this.hasOwnSockets) {
      before.isRetired = true;
    } else {
      this.open.delete(before);
      before.listener?.close();
    }
  }

  private listen(
    index: number,
    host: string | undefined,
    port: number,
    fd: number | undefined,
    reusePort: boolean,
    onListening: (opened: OpenPort) => void,
  ): void {
    const { ports, backlog, keepAlive } = this.options;
    const { kind } = ports[index] as ClientPort;
    const opened: OpenPort = { index, host, port, fd: fd ?? -1, isRetired: false, listener: null };
    this.open.add(opened);
    opened.listener = this.network.listen(
      { kind, host, port, backlog, keepAlive, fd, reusePort },
      (socket) => (opened.isRetired ? null : this.accept(socket, kind)),
      (ownFd, ownPort) => {
        opened.fd = fd ?? ownFd;
        opened.port = ownPort;
        onListening(opened);
      },
      (error) => {
        this.open.delete(opened);
        this.announceFailure(index, error);
      },
    );
  }

  private announce({ index, host, port }: OpenPort, fd: number): void {
    this.state.publish(index, host, port, fd);
    const others = this.options.shardCount > 1 ? this.context.outboxes('connections') : [];
    for (const out of [...others, this.context.outbox('supervisor')]) {
      out.claim(ShardRecord.listening, 12);
      const at = out.offset >> 2;
      out.words[at] = index;
      out.words[at + 1] = fd;
      out.words[at + 2] = port;
      out.commit();
    }
    this.context.requestTurn();
  }

  private announceFailure(index: number, error: Error): void {
    const text = new ScratchBytes();
    text.writeInt(index);
    text.writeUstring(error.message);
    text.writeUstring((error as Error & { code?: string }).code ?? '');
    const out = this.context.outbox('supervisor');
    out.claim(ShardRecord.failed, text.length);
    copyBytes(text.bytes, 0, out.bytes, out.offset, text.length);
    out.commit();
    this.context.requestTurn();
  }
}
