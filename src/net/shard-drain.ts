/**
 * The end of a shard whose server is about to end: nobody new is taken, no further request is read, what is in the pipeline is
 * answered, and then each connection is closed in order. Sessions stay: their clients go on elsewhere, or here after the restart.
 *
 * Lives on the shard's thread; begun and asked by the control side, which sets the time limit, and stepped at the end of each batch
 * until the process is gone. Without it, replies to writes that are done and durable would be cut off in the sockets.
 */
import type { ReplyWriter } from './reply-writer.js';
import { CnxnState } from './server-cnxn.js';
import type { ShardConnections } from './shard-connections.js';
import type { DrainReport } from './shard-control.js';

export class ShardDrain {
  private readonly connections: ShardConnections;
  private readonly replies: ReplyWriter;
  private begun = false;

  constructor(connections: ShardConnections, replies: ReplyWriter) {
    this.connections = connections;
    this.replies = replies;
  }

  get hasBegun(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
    this.step();
  }

  /** Whoever has nothing outstanding any more is told that this is the end. A four-letter word gets its answer first. */
  step(): void {
    for (const cnxn of this.connections.byId.values()) {
      if (cnxn.state === CnxnState.open) cnxn.state = CnxnState.ending;
      if (cnxn.outstanding === 0 && cnxn.state !== CnxnState.answering) this.replies.closeAfterFlush(cnxn);
    }
  }

  report(): DrainReport {
    let unanswered = 0;
    let unflushed = 0;
    for (const cnxn of this.connections.byId.values()) {
      unanswered += cnxn.outstanding;
      const isAnswering = cnxn.state === CnxnState.answering;
      if (isAnswering || cnxn.out !== null || cnxn.socket.queuedBytes > 0) unflushed++;
    }
    return { unanswered, unflushed, open: this.connections.byId.size };
  }
}
