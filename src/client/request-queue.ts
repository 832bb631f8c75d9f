// Everything that waits for an answer, in order. A request made while a session is open is numbered and encoded behind
// what is already on its way; one made earlier is encoded too (the caller's arrays are the caller's again) but gets its
// number only when a session opens. Owned by one ClientCnxn. It must never write a frame while no session is open.
//
//   deferred      body | body | body          no xid yet; moves, in order, when a session opens
//   outstanding   xid 7 | xid 8 | xid 9       written; replies come in this order, also for those that were abandoned

import { assert } from '../base/assert.js';
import { Fifo } from '../base/fifo.js';
import { JuteWriter } from '../jute/jute-writer.js';
import { ErrorCode } from '../protocol/error-code.js';
import type { OpCode } from '../protocol/op-code.js';
import type { ClientWatchManager } from './client-watch-manager.js';
import type { OutgoingFrames } from './outgoing-frames.js';
import type { Outstanding } from './outstanding-request.js';

const XID_MAX = 0x7fff_ffff;

interface Deferred {
  readonly request: Outstanding;
  /** Operation and record, without the number in front. */
  readonly body: Uint8Array;
  /** Waits through failed attempts to connect. */
  readonly isPatient: boolean;
}

/** Writes the request record. */
export type EncodeRecord = (w: JuteWriter) => void;

export class RequestQueue {
  private readonly outgoing: OutgoingFrames;
  private readonly watches: ClientWatchManager;
  private readonly outstanding = new Fifo<Outstanding>();
  private deferred: Deferred[] = [];
  private xidNext: number; // Invariant: 1 … 2^31 - 1

  constructor(outgoing: OutgoingFrames, watches: ClientWatchManager, xidFirst: number) {
    assert(xidFirst > 0 && xidFirst <= XID_MAX, 'ordinary xids are positive');
    this.outgoing = outgoing;
    this.watches = watches;
    this.xidNext = xidFirst;
  }

  /** Requests without an answer, sent or not. */
  get length(): number {
    return this.outstanding.length + this.deferred.length;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Of the next request, or of a SASL token. */
  takeXid(): number {
    const xid = this.xidNext;
    this.xidNext = xid === XID_MAX ? 1 : xid + 1;
    return xid;
  }

  /** While a session is open. Throws what encode throws; the stream is whole then, and no number was used. */
  write(request: Outstanding, type: OpCode, encode: EncodeRecord): void {
    const w = this.outgoing.begin();
    try {
      w.writeInt(this.xidNext);
      w.writeInt(type);
      encode(w);
    } catch (error) {
      this.outgoing.cancel();
      throw error;
    }
    this.outgoing.end();
    request.xid = this.takeXid();
    this.outstanding.push(request);
  }

  /** While no session is open. */
  defer(request: Outstanding, type: OpCode, encode: EncodeRecord, isPatient: boolean): void {
    const w = new JuteWriter();
    w.writeInt(type);
    encode(w);
    this.deferred.push({ request, body: w.toBytes(), isPatient });
  }

  /** A session is open: everything that waited for it is written, but for what nobody waits for any more. */
  writeDeferred(): void {
    for (const { request, body } of this.deferred) {
      if (request.isAbandoned) continue;
      const w = this.outgoing.begin();
      request.xid = this.takeXid();
      w.writeInt(request.xid);
      w.writeRaw(body, 0, body.length);
      this.outgoing.end();
      this.outstanding.push(request);
    }
    this.deferred = [];
  }

  /** The one whose reply must come next. */
  peek(): Outstanding | undefined {
    return this.outstanding.peek();
  }

  shift(): void {
    this.outstanding.shift();
  }

  /** A request under way will, if it succeeds, leave a watch of this client at the path. */
  watchesAt(serverPath: string): boolean {
    for (const request of this.outstanding) if (request.watchesAt(serverPath)) return true;
    return this.deferred.some(({ request }) => request.watchesAt(serverPath));
  }

  /** The connection, or the attempt to make one, is over: only the patient ones that were never sent go on waiting. */
  failWithConnection(cause: Error): void {
    this.failOutstanding(ErrorCode.ConnectionLoss, cause);
    const { deferred } = this;
    this.deferred = deferred.filter(({ request, isPatient }) => isPatient && !request.isAbandoned);
    for (const { request, isPatient } of deferred) {
      if (!isPatient) request.fail(ErrorCode.ConnectionLoss, this.watches, cause);
    }
  }

  failAll(errorCode: number, cause: Error | null): void {
    this.failOutstanding(errorCode, cause);
    for (const { request } of this.deferred.splice(0)) request.fail(errorCode, this.watches, cause);
  }

  private failOutstanding(errorCode: number, cause: Error | null): void {
    for (let request = this.outstanding.shift(); request !== undefined; request = this.outstanding.shift()) {
      request.fail(errorCode, this.watches, cause);
    }
  }
}
