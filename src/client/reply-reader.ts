// Takes one reply after the other to whom it belongs: events to watchers, the answer to a credential to the ledger, every
// other to the request that must be answered next. Owned by one ClientCnxn, which is told what it alone can act on. The
// order of the wire is law: what comes out of turn is a JuteError, and the connection is given up.

import { int64FromHalves } from '../base/int64.js';
import { JuteError } from '../jute/jute-error.js';
import type { JuteReader } from '../jute/jute-reader.js';
import { ErrorCode } from '../protocol/error-code.js';
import { Xid } from '../protocol/op-code.js';
import { decodeWatcherEvent } from '../protocol/replies.js';
import { type EventType, KeeperState } from '../protocol/watch-event.js';
import type { AuthLedger } from './auth-ledger.js';
import type { ClientSession } from './client-session.js';
import type { ClientWatchManager } from './client-watch-manager.js';
import type { RequestQueue } from './request-queue.js';
import type { SaslConversation, SaslProgress } from './sasl-conversation.js';
import type { SessionEvents } from './session-events.js';

/** apart: nothing follows; settled: a request has its answer; the others: how it stands with who we are. */
export type ReplyOutcome = 'apart' | 'settled' | SaslProgress;

export class ReplyReader {
  private readonly session: ClientSession;
  private readonly requests: RequestQueue;
  private readonly watches: ClientWatchManager;
  private readonly events: SessionEvents;
  private readonly auth: AuthLedger;

  constructor(
    session: ClientSession,
    requests: RequestQueue,
    watches: ClientWatchManager,
    events: SessionEvents,
    auth: AuthLedger,
  ) {
    this.session = session;
    this.requests = requests;
    this.watches = watches;
    this.events = events;
    this.auth = auth;
  }

  /** sasl: exactly while authenticating, when replies answer its tokens and no request. */
  accept(r: JuteReader, sasl: SaslConversation | null): ReplyOutcome {
    const xid = r.readInt();
    const zxidHi = r.readInt();
    const zxidLo = r.readInt();
    const errorCode = r.readInt();
    switch (xid) {
      case Xid.notification:
        this.onNotification(r, int64FromHalves(zxidHi, zxidLo));
        return 'apart';
      case Xid.ping:
        return 'apart';
      case Xid.setWatches:
        // Watches that are not registered would be silent for ever: rather another connection.
        if (errorCode !== ErrorCode.Ok) throw new JuteError(`setWatches was refused with ${errorCode}`);
        return 'apart';
      case Xid.auth:
        if (errorCode !== ErrorCode.Ok) return 'refused';
        if (!this.auth.onAccepted()) throw new JuteError('reply to an auth that was not sent');
        return 'apart';
      default: {
        if (sasl !== null) return sasl.onReply(xid, errorCode, r);
        const request = this.requests.peek();
        if (request === undefined || request.xid !== xid) throw new JuteError(`reply ${xid} is out of order`);
        this.session.onReplied(zxidHi, zxidLo);
        request.settle(errorCode, r, this.watches);
        this.requests.shift();
        return 'settled';
      }
    }
  }

  private onNotification(r: JuteReader, zxid: bigint): void {
    const { type, path } = decodeWatcherEvent(r);
    const told = this.watches.materialize(type as EventType, path);
    if (told.size > 0) this.events.tellNode(type as EventType, KeeperState.SyncConnected, path, zxid, told);
  }
}
