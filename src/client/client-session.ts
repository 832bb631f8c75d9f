// What this client knows of its session: id, password, negotiated timeout, and how far it has seen the history. Owned by
// one ClientCnxn, and outlives connections: each new one is asked to go on with it. Pure state on the client's thread; it
// knows no connection, no phase and no clock, and must never offer another server an id that only a read-only one gave.

import { assert } from '../base/assert.js';
import { compareSigned, hiOf, int64FromHalves, loOf } from '../base/int64.js';
import { JuteError } from '../jute/jute-error.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { type ConnectResponse, encodeConnectRequest, PASSWORD_BYTES } from '../protocol/connect.js';
import type { WhileDisconnected } from './call-options.js';

export interface SessionSettings {
  /** Asked for; the server decides. */
  readonly sessionTimeoutMs: number;
  readonly canBeReadOnly: boolean;
  /** 0n and 16 zero bytes for a new session. */
  readonly sessionId: bigint;
  readonly password: Uint8Array;
  /** Highest zxid that was seen in this session; 0n for a new one. */
  readonly lastZxid: bigint;
  /** Longest frame taken from a server. */
  readonly frameBytesMax: number;
  /** Of the first request. */
  readonly xidFirst: number;
  /** Of calls that do not say: patience in ms (0: no limit), and what to do while there is no session. */
  readonly requestTimeoutMs: number;
  readonly whileDisconnected: WhileDisconnected;
}

/** All that another client needs to go on with a session. */
export interface SessionHandle {
  readonly id: bigint;
  readonly password: Uint8Array;
  /** Keeps the next client from a server that is behind what this one has seen. */
  readonly lastZxid: bigint;
}

export class ClientSession {
  /** 0n until a server has given one. */
  id: bigint;
  /** Asked for, until a server has decided. */
  timeoutMs: number;
  /** Of the server that answered last. */
  isReadOnly = false;
  private passwordBytes: Uint8Array; // Invariant: PASSWORD_BYTES long; never handed out, only copies
  // A read-only server's session ids mean nothing elsewhere: only a read-write one's is used to re-open.
  private sawReadWriteServer: boolean;
  // Highest zxid of an ordinary reply, as halves: the hot path makes no bigint. Invariant: never falls.
  private zxidSeenHi: number;
  private zxidSeenLo: number;

  constructor(settings: SessionSettings) {
    assert(settings.password.length === PASSWORD_BYTES, 'a session password has 16 bytes');
    this.id = settings.sessionId;
    this.passwordBytes = new Uint8Array(settings.password);
    this.timeoutMs = settings.sessionTimeoutMs;
    this.sawReadWriteServer = settings.sessionId !== 0n;
    this.zxidSeenHi = hiOf(settings.lastZxid);
    this.zxidSeenLo = loOf(settings.lastZxid);
  }

  get password(): Uint8Array {
    return new Uint8Array(this.passwordBytes);
  }

  get zxidSeen(): bigint {
    return int64FromHalves(this.zxidSeenHi, this.zxidSeenLo);
  }

  onReplied(zxidHi: number, zxidLo: number): void {
    if (compareSigned(zxidHi, zxidLo, this.zxidSeenHi, this.zxidSeenLo) <= 0) return;
    this.zxidSeenHi = zxidHi;
    this.zxidSeenLo = zxidLo;
  }

  encodeConnectRequest(w: JuteWriter, { sessionTimeoutMs, canBeReadOnly }: SessionSettings): void {
    encodeConnectRequest(w, {
      protocolVersion: 0,
      lastZxidSeen: this.zxidSeen,
      timeOut: sessionTimeoutMs,
      sessionId: this.sawReadWriteServer ? this.id : 0n,
      passwd: this.passwordBytes,
      readOnly: canBeReadOnly,
    });
  }

  /** The server's word. Throws JuteError, and changes nothing, when no server could have meant it. */
  onOpened({ sessionId, passwd, timeOut, readOnly }: ConnectResponse): void {
    if (passwd === null || passwd.length !== PASSWORD_BYTES) throw new JuteError('session password');
    this.id = sessionId;
    this.passwordBytes = new Uint8Array(passwd);
    this.timeoutMs = timeOut;
    this.isReadOnly = readOnly === true;
    if (!this.isReadOnly) this.sawReadWriteServer = true;
  }
}
