/**
 * Four-letter words: what a client sends in place of a handshake is passed on to where the whole server's status is, and the
 * answer comes back through the control side, piece by piece.
 *
 * Owned by a connection shard, on its thread. Knows no word but by its number, and makes no answer.
 */
import type { ActorContext } from '../actor/actor.js';
import { copyBytes, readInt32 } from '../base/bytes.js';
import { ScratchBytes } from '../processor/scratch-bytes.js';
import type { IsFourLetterWord } from './connections-options.js';
import type { ReplyWriter } from './reply-writer.js';
import { CnxnState, type ServerCnxn } from './server-cnxn.js';
import type { ShardConnections } from './shard-connections.js';
import { GONE, ShardRecord } from './shard-control.js';
import { ShardCounter, type ShardCounters } from './shard-counters.js';

export class WordRelay {
  private readonly context: ActorContext;
  private readonly connections: ShardConnections;
  private readonly replies: ReplyWriter;
  private readonly counters: ShardCounters;
  private readonly isWord: IsFourLetterWord;

  constructor(
    context: ActorContext,
    connections: ShardConnections,
    replies: ReplyWriter,
    counters: ShardCounters,
    isWord: IsFourLetterWord,
  ) {
    this.context = context;
    this.connections = connections;
    this.replies = replies;
    this.counters = counters;
    this.isWord = isWord;
  }

  /** False: what stands in front of the connection's input is no word, or no longer can be one (client-protocol 1.3). */
  tryAsk(cnxn: ServerCnxn): boolean {
    if (cnxn.state !== CnxnState.handshake || !this.isWord(cnxn.input.peekInt())) return false;
    cnxn.packetsReceived++;
    cnxn.lastOp = 0;
    this.counters.add(ShardCounter.packetsReceived, 1);
    this.ask(cnxn);
    return true;
  }

  /** One part of the answer. How many bytes the client has still to take, or GONE. */
  answer(id: number, text: string, isLast: boolean): number {
    const cnxn = this.connections.byId.get(id);
    if (cnxn === undefined || cnxn.state !== CnxnState.answering) return GONE;
    this.replies.text(cnxn, text, isLast);
    if (isLast) this.replies.closeAfterFlush(cnxn);
    else this.replies.flush(cnxn);
    return cnxn.socket.queuedBytes;
  }

  /** There is no answer. */
  drop(id: number): void {
    this.connections.byId.get(id)?.socket.destroy();
  }

  private ask(cnxn: ServerCnxn): void {
    const payload = cnxn.input.takeRest();
    const out = this.context.outbox('supervisor');
    const client = new ScratchBytes(64);
    client.writeUstring(cnxn.peer);
    out.claim(ShardRecord.word, 8 + payload.length + client.length);
    const at = out.offset >> 2;
    out.words[at] = cnxn.id;
    out.words[at + 1] = readInt32(payload, 0);
    out.words[at + 2] = payload.length - 4;
    copyBytes(payload, 4, out.bytes, out.offset + 12, payload.length - 4);
    copyBytes(client.bytes, 0, out.bytes, out.offset + 8 + payload.length, client.length);
    out.commit();
    this.connections.sessionless.delete(cnxn);
    cnxn.state = CnxnState.answering;
    this.context.requestTurn();
  }
}
