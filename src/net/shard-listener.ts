/**
 * The ports that one shard listens on, and what it tells the others about them.
 *
 * Shard 0 opens a port first, alone, so that a port in use is found out. The others then listen on its descriptor, or,
 * where Node can do it, each shard gets a socket of its own on the same port: those outlive the death of a shard. The same way a
 * port moves to another address while the server runs; connections stay. A descriptor that several shards listen on is never
 * closed then, since its number could be another socket's before the last of them closes it: it refuses everybody from then on,
 * and serves again if the port moves back. Of several that are asked for one after the other the newest counts, in whatever order they
 * come to listen, and behind the shard's end none. Owned by the shard, on its thread; knows nothing of what is spoken on a connection.
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
  /** When it was asked for, among all: of two that listen for one index the later one counts. */
  order: number;
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
  private orderLast = 0;
  private isClosed = false;

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
    if (this.isClosed) return;
    for (const retired of this.open) {
      if (!retired.isRetired || retired.index !== index || retired.host !== host || retired.port !== port) continue;
      retired.order = ++this.orderLast;
      this.take(retired);
      this.announce(retired, retired.fd);
      return;
    }
    this.openFirst(index, host, port);
  }

  /** Shard 0 listens: on this descriptor, or on a port that every shard opens for itself. */
  listenLike(index: number, fd: number, port: number): void {
    // Shard 0 writes the port before the host: this host is that of this port, or the port has moved on, and its record is on its way.
    const host = this.state.host(index);
    if (this.isClosed || this.state.port(index) !== port || this.state.fd(index) !== fd) return;
    for (const known of this.open) {
      if (known.index !== index || known.host !== host || known.port !== port || (fd >= 0 && known.fd !== fd)) continue;
      known.order = ++this.orderLast;
      // Else it serves already, or soon: a shard made anew has seen what the record tells.
      if (known.isRetired) this.take(known);
      return;
    }
    const sharedFd = fd >= 0 ? fd : undefined;
    this.listen(index, host, port, sharedFd, fd < 0, (opened) => this.take(opened));
  }

  close(): void {
    this.isClosed = true;
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
      opened.listener?.close(() => {
        if (!this.isClosed) this.openOwn(index, host, opened.port);
      });
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
    if (before !== undefined && before !== port) this.retire(before);
  }

  private isOutdated({ index, order }: OpenPort): boolean {
    const current = this.current[index];
    return current !== undefined && current.order > order;
  }

  private retire(port: OpenPort): void {
    if (this.options.shardCount > 1 && !this.hasOwnSockets) {
      port.isRetired = true;
      return;
    }
    this.open.delete(port);
    port.listener?.close();
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
    const opened: OpenPort = {
      index,
      host,
      port,
      fd: fd ?? -1,
      isRetired: false,
      order: ++this.orderLast,
      listener: null,
    };
    this.open.add(opened);
    opened.listener = this.network.listen(
      { kind, host, port, backlog, keepAlive, fd, reusePort },
      (socket) => (opened.isRetired ? null : this.accept(socket, kind)),
      (ownFd, ownPort) => {
        opened.fd = fd ?? ownFd;
        opened.port = ownPort;
        if (this.isClosed) return;
        if (this.isOutdated(opened)) this.retire(opened);
        else onListening(opened);
      },
      (error) => this.onListenFailed(opened, error),
    );
  }

  private onListenFailed(opened: OpenPort, error: Error): void {
    const { index, host, port } = opened;
    const current = this.current[index];
    this.open.delete(opened);
    if (this.isClosed || this.isOutdated(opened)) return;
    if (this.options.shard === 0 || current === undefined) {
      this.announceFailure(index, error);
      return;
    }
    // The first shard has moved, and serves there: no reason to end, nor to call the move a failure.
    this.context.log.warn(
      `Shard ${this.options.shard} cannot listen on ${host ?? '*'}:${port}, and stays on ${current.port}: ${error.message}`,
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
