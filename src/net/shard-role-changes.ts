/**
 * What becomes of a shard's clients when its server takes a role, loses it, or has its database replaced; and when the shard
 * begins to listen, which is when it first hears of any of that.
 *
 * Owned by the shard, on its thread. final tells it by records; that a role is over is seen before (shard-role.ts).
 */
import type { ActorContext } from '../actor/actor.js';
import {
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_CONNECTION,
  WORD_SHARD,
} from '../processor/pipeline-records.js';
import type { SessionTable } from '../session/session-table.js';
import type { ReplyWriter } from './reply-writer.js';
import { CnxnState, type ServerCnxn } from './server-cnxn.js';
import type { ShardConnections } from './shard-connections.js';
import type { ShardListener } from './shard-listener.js';
import type { ShardRole } from './shard-role.js';
import type { WatchNotifier } from './watch-notifier.js';

export class ShardRoleChanges {
  private readonly context: ActorContext;
  private readonly shard: number;
  private readonly role: ShardRole;
  private readonly listener: ShardListener;
  private readonly connections: ShardConnections;
  private readonly replies: ReplyWriter;
  private readonly sessions: SessionTable;
  private readonly notifier: WatchNotifier<ServerCnxn>;
  private listens = false;

  constructor(
    context: ActorContext,
    shard: number,
    role: ShardRole,
    listener: ShardListener,
    connections: ShardConnections,
    replies: ReplyWriter,
    sessions: SessionTable,
    notifier: WatchNotifier<ServerCnxn>,
  ) {
    this.context = context;
    this.shard = shard;
    this.role = role;
    this.listener = listener;
    this.connections = connections;
    this.replies = replies;
    this.sessions = sessions;
    this.notifier = notifier;
  }

  /** In the place of a shard that was told of a role. Between two of them its fence is still waited for. */
  resume(): void {
    this.listens = true;
    this.listener.resume();
    if (this.role.isHalted) this.sendFence();
  }

  onServing(role: number, endedBefore: number): void {
    this.role.serve(role, endedBefore);
    this.listen();
  }

  /**
   * Nobody is served until the next role (ensemble-protocol 1.3): clients lose their connections, and keep their sessions. Who has
   * not asked for a session yet may still be about to ask a four-letter word.
   */
  onHalt(): void {
    this.closeClients();
    this.sendFence();
    this.listen();
  }

  /** The role is over, whether a record has said so or not. */
  closeClients(): void {
    this.role.halt();
    for (const cnxn of this.connections.byId.values()) {
      if (cnxn.state !== CnxnState.handshake && cnxn.state !== CnxnState.answering) this.replies.closeAfterFlush(cnxn);
    }
  }

  /**
   * A restore, in the midst of a role: watches are gone, as in Apache's server. Sessions that the database does not know lose their connections, and
   * their clients learn of it when they come back; the others go on as if nothing had happened.
   */
  onDatabaseReplaced(): void {
    for (const cnxn of this.connections.byId.values()) {
      this.notifier.watches.removeWatcher(cnxn);
      if (cnxn.state === CnxnState.open && !this.sessions.isOpen(cnxn.slot, cnxn.sessionHi, cnxn.sessionLo)) {
        this.replies.closeAfterFlush(cnxn);
      }
    }
    this.context.requestTurn();
  }

  /** Behind the last request of the old role. */
  private sendFence(): void {
    const out = this.context.outbox('prep');
    out.claim(RecordType.fence, PIPELINE_HEADER_BYTES);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_SHARD] = this.shard;
    out.words[at + WORD_CONNECTION] = -1;
    out.commit();
    this.context.requestTurn();
  }

  private listen(): void {
    if (this.listens) return;
    this.listens = true;
    this.listener.start();
  }
}
