/**
 * The ports that one shard listens on, and what it tells the others about them.
 *
 * Shard 0 opens a port first, alone, so that a port in use is found out. The others then listen on its descriptor, or,
 * where Node can do it, each shard gets a socket of its own on the same port: those outlive the death of a shard. Owned by
 * the shard, on its thread; knows nothing of what is spoken on a connection.
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

export class ShardListener {
  private readonly context: ActorContext;
  private readonly network: ClientNetwork;
  private readonly state: ListenState;
  private readonly options: ShardListenerOptions;
  private readonly accept: (socket: ClientSocket, kind: PortKind) => ClientSocketEvents | null;
  private readonly listeners: ClientListener[] = [];

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
    const { ports, shard, shardCount } = this.options;
    if (shard > 0) return;
    const ownSockets = shardCount > 1 && this.network.canReusePort;
    ports.forEach((configured, index) => {
      this.listen(index, configured.port, undefined, false, (fd, port) => {
        if (!ownSockets) {
          this.announce(index, fd, port);
          return;
        }
        const reopen = (): void => this.listen(index, port, undefined, true, () => this.announce(index, -1, port));
        this.listeners[index]?.close(reopen);
      });
    });
  }

  /** A shard made anew finds a server that serves already. */
  resume(): void {
    if (this.options.shard === 0) {
      this.start();
      return;
    }
    this.options.ports.forEach((_, index) => {
      if (this.state.isOpen(index)) this.listenLike(index, this.state.fd(index), this.state.port(index));
    });
  }

  /** Shard 0 listens: on this descriptor, or on a port that every shard opens for itself. */
  listenLike(index: number, fd: number, port: number): void {
    if (fd >= 0) this.listen(index, port, fd, false, () => {});
    else this.listen(index, port, undefined, true, () => {});
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
    this.network.close();
  }

  private listen(
    index: number,
    port: number,
    fd: number | undefined,
    reusePort: boolean,
    onListening: (fd: number, port: number) => void,
  ): void {
    const { ports, backlog, keepAlive } = this.options;
    const { host, kind } = ports[index] as ClientPort;
    this.listeners[index] = this.network.listen(
      { kind, host, port, backlog, keepAlive, fd, reusePort },
      (socket) => this.accept(socket, kind),
      onListening,
      (error) => this.announceFailure(index, error),
    );
  }

  private announce(index: number, fd: number, port: number): void {
    const others = this.options.shardCount > 1 ? this.context.outboxes('connections') : [];
    for (const out of [...others, this.context.outbox('supervisor')]) {
      out.claim(ShardRecord.listening, 12);
      const at = out.offset >> 2;
      out.words[at] = index;
      out.words[at + 1] = fd;
      out.words[at + 2] = port;
      out.commit();
    }
    this.state.publish(index, port, fd);
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
