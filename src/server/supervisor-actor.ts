/**
 * The supervisor's ear among the actors: what connection shards, and the quorum peer of a member, have to tell the main thread.
 *
 * Lives on the main thread and owns nothing; each record becomes one call of an event, and what follows (the log line, the
 * exit, a four-letter word's answer) is the business of live-server.ts.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import { readInt32 } from '../base/bytes.js';
import { decodeUtf8 } from '../base/utf8.js';
import { ShardRecord } from '../net/shard-control.js';
import { clientAddressIn } from '../zab/peer-record.js';
import { PauseMonitor, type PauseMonitorOptions } from './pause-monitor.js';

export interface SupervisorEvents {
  /** `index`: of the port among the configured ones. */
  onListening(index: number, port: number): void;
  /** `code`: the system's, such as EADDRINUSE, or empty. */
  onListenFailed(index: number, message: string, code: string): void;
  /** `client`: address and port; `word`: its four bytes as a big-endian int; `payload`: what stood behind them. */
  /** The record of a slow request; valid during the call. */
  onSlowRequest(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void;
  onWord(shard: number, connection: number, client: string, word: number, payload: Uint8Array): void;
  /** A reconfiguration lets this member's clients be heard here. */
  onClientAddress(host: string, port: number): void;
  /** Lines of the audit log, as net/audit-trail.ts makes them; in the mailbox's memory, so they are gone when it returns. */
  onAudit(lines: Uint8Array): void;
}

export class SupervisorActor implements Actor {
  readonly inboxes: Record<string, RecordHandler> = {};
  readonly tickMs: number;
  private readonly pauses: PauseMonitor | null;

  /** `pauses`: null where nobody looks for them. */
  constructor(
    context: ActorContext,
    shardCount: number,
    isMember: boolean,
    events: SupervisorEvents,
    pauses: PauseMonitorOptions | null = null,
  ) {
    this.tickMs = pauses?.sleepMs ?? Number.POSITIVE_INFINITY;
    const pauseMs = context.metrics.summary('jvm_pause_time_ms');
    this.pauses = pauses === null ? null : new PauseMonitor(pauses, context.log, (ms) => pauseMs.add(ms));
    if (isMember) {
      this.inboxes['quorum-peer'] = (_type, bytes, _words, offset) => {
        const { host, port } = clientAddressIn(bytes, offset);
        events.onClientAddress(host, port);
      };
    }
    for (let shard = 0; shard < shardCount; shard++) {
      this.inboxes[`connections.${shard}`] = (type, bytes, words, offset, length) => {
        const at = offset >> 2;
        switch (type) {
          case ShardRecord.listening:
            events.onListening(words[at] as number, words[at + 2] as number);
            break;
          case ShardRecord.failed:
            failed(bytes, offset, events);
            break;
          case ShardRecord.word: {
            const payloadEnd = offset + 12 + (words[at + 2] as number);
            const payload = bytes.slice(offset + 12, payloadEnd);
            const client = decodeUtf8(bytes, payloadEnd + 4, readInt32(bytes, payloadEnd));
            events.onWord(shard, words[at] as number, client, words[at + 1] as number, payload);
            break;
          }
          case ShardRecord.slowRequest:
            events.onSlowRequest(bytes, words, offset, length);
            break;
          case ShardRecord.audit:
            events.onAudit(bytes.subarray(offset, offset + length));
            break;
          default:
            context.log.error(`a connection shard sent a record of unknown type ${type}`);
        }
      };
    }
  }

  onTick(nowMs: number): void {
    this.pauses?.look(nowMs);
  }
}

function failed(bytes: Uint8Array, offset: number, events: SupervisorEvents): void {
  const messageLength = readInt32(bytes, offset + 4);
  const message = decodeUtf8(bytes, offset + 8, messageLength);
  const codeAt = offset + 8 + messageLength;
  const code = decodeUtf8(bytes, codeAt + 4, readInt32(bytes, codeAt));
  events.onListenFailed(readInt32(bytes, offset), message, code);
}
