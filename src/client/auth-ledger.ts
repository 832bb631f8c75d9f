// The credentials of one client. Identities belong to a connection, so every credential is sent again on each new one;
// the promise of an addAuth is kept by the first server that accepts it. Owned by one ClientCnxn. Replies to auth carry
// no number of their own: they are matched with what was sent on this connection, in order.

import { Fifo } from '../base/fifo.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { encodeAuthPacket } from '../protocol/connect.js';
import { OpCode, Xid } from '../protocol/op-code.js';
import type { KeeperError } from './keeper-error.js';

interface Credential {
  readonly scheme: string;
  readonly auth: Uint8Array | null;
  /** null once the promise is settled. */
  settle: ((error: KeeperError | null) => void) | null;
}

export class AuthLedger {
  private readonly credentials: Credential[] = [];
  private readonly awaited = new Fifo<Credential>(); // sent on this connection, not answered yet

  /** Returns the credential's number, for write(). */
  add(scheme: string, auth: Uint8Array | null, settle: (error: KeeperError | null) => void): number {
    this.credentials.push({ scheme, auth: auth === null ? null : new Uint8Array(auth), settle });
    return this.credentials.length - 1;
  }

  get count(): number {
    return this.credentials.length;
  }

  /** The content of one auth frame, which is thereby taken as sent. */
  write(w: JuteWriter, index: number): void {
    const credential = this.credentials[index];
    w.writeInt(Xid.auth);
    w.writeInt(OpCode.auth);
    encodeAuthPacket(w, { type: 0, scheme: credential.scheme, auth: credential.auth });
    this.awaited.push(credential);
  }

  /** False: the server answered something that was never asked. */
  onAccepted(): boolean {
    const credential = this.awaited.shift();
    if (credential === undefined) return false;
    credential.settle?.(null);
    credential.settle = null;
    return true;
  }

  onConnectionLost(): void {
    this.awaited.clear();
  }

  /** The session is over: promises that were not kept by now never will be. */
  rejectAll(error: KeeperError): void {
    for (const credential of this.credentials) {
      credential.settle?.(error);
      credential.settle = null;
    }
  }
}
