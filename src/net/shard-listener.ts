/**
 * The port that one shard listens on, and what it tells the others about it.
 *
 * Shard 0 opens the port first, alone, so that a port in use is found out. The others then listen on its descriptor, or,
 * where Node can do it, each shard gets a socket of its own on the same port: those outlive the death of a shard. Owned by
 * the shard, on its thread; knows nothing of what is spoken on a connection.
 */
import type { ActorContext } from '../actor/actor.js';
import { copyBytes } from '../base/bytes.js';
import { ScratchBytes } from '../processor/scratch-bytes.js';
import type { ClientListener, ClientNetwork, ClientSocket, ClientSocketEvents } from './client-socket.js';
import type { ListenState } from './listen-state.js';
import { ShardRecord } from './shard-control.js';

export interface ShardListenerOptions {
  readonly shard: number;
  readonly shardCount: number;
  /** Null: there is no client port. */
  readonly port: number | null;
  readonly host: string | undefined;
  readonly backlog: number | undefined;
  readonly keepAlive: boolean;
}

export class ShardListener {
  private readonly context: ActorContext;
  private readonly network: ClientNetwork;
  private readonly state: ListenState;
  private readonly options: ShardListenerOptions;
  private readonly accept: (socket: ClientSocket) => ClientSocketEvents | null;
  private listener: ClientListener | null = null;

  constructor(
    context: ActorContext,
    network: ClientNetwork,
    state: ListenState,
    options: ShardListenerOptions,
    accept: (socket: ClientSocket) => ClientSocketEvents | null,
  ) {
    this.context = context;
    this.network = network;
    this.state = state;
    this.options = options;
    this.accept = accept;
  }

  /** The server serves: shard 0 opens the port. The others wait for its word. */
  start(): void {
    const { port: configuredPort, shard, shardCount } = this.options;
    if (configuredPort === null || shard > 0) return;
    const ownSockets = shardCount > 1 && this.network.canReusePort;
    this.listen(configuredPort, undefined, false, (fd, port) => {
      if (!ownSockets) {
        this.announce(fd, port);
        return;
      }
      this.listener?.close(() => this.listen(port, undefined, true, () => this.announce(-1, port)));
    });
  }

  /** A shard made anew finds a server that serves already. */
  resume(): void {
    if (this.options.shard === 0) this.start();
    else this.listenLike(this.state.fd, this.state.port);
  }

  /** Shard 0 listens: on this descriptor, or on a port that every shard opens for itself. */
  listenLike(fd: number, port: number): void {
    if (fd >= 0) this.listen(port, fd, false, () => {});
    else this.listen(port, undefined, true, () => {});
  }

  close(): void {
    this.listener?.close();
  }

  private listen(
    port: number,
    fd: number | undefined,
    reusePort: boolean,
    onListening: (fd: number, port: number) => void,
  ): void {
    const { host, backlog, keepAlive } = this.options;
    this.listener = this.network.listen(
      { host, port, backlog, keepAlive, fd, reusePort },
      this.accept,
      onListening,
      (error) => this.announceFailure(error),
    );
  }

  private announce(fd: number, port: number): void {
    const others = this.options.shardCount > 1 ? this.context.outboxes('connections') : [];
    for (const out of [...others, this.context.outbox('supervisor')]) {
      out.claim(ShardRecord.listening, 8);
      out.words[out.offset >> 2] = fd;
      out.words[(out.offset >> 2) + 1] = port;
      out.commit();
    }
    this.state.publish(port, fd);
    this.context.requestTurn();
  }

  private announceFailure(error: Error): void {
    const text = new ScratchBytes();
    text.writeUstring(error.message);
    text.writeUstring((error as Error & { code?: string }).code ?? '');
    const out = this.context.outbox('supervisor');
    out.claim(ShardRecord.failed, text.length);
    copyBytes(text.bytes, 0, out.bytes, out.offset, text.length);
    out.commit();
    this.context.requestTurn();
  }
}
