/**
 * The two frames of the handshake (client-protocol 2.1), without objects: reading a ConnectRequest, writing a
 * ConnectResponse. Pure; used by the connection shards.
 */
import { readInt32 } from '../base/bytes.js';
import type { ScratchBytes } from '../processor/scratch-bytes.js';
import { sessionPassword } from '../protocol/session-password.js';

const FIXED_BYTES = 28;
const PASSWORD_BYTES = 16;

export class ConnectRequestView {
  lastZxidHi = 0;
  lastZxidLo = 0;
  timeoutMs = 0;
  sessionHi = 0;
  sessionLo = 0;
  passwordOffset = 0;
  passwordLength = 0;
  hasReadOnly = false;
  readOnly = false;

  /** False when the frame is no ConnectRequest. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    if (length < FIXED_BYTES) return false;
    this.lastZxidHi = readInt32(bytes, offset + 4);
    this.lastZxidLo = readInt32(bytes, offset + 8);
    this.timeoutMs = readInt32(bytes, offset + 12);
    this.sessionHi = readInt32(bytes, offset + 16);
    this.sessionLo = readInt32(bytes, offset + 20);
    const passwordLength = readInt32(bytes, offset + 24);
    this.passwordOffset = offset + FIXED_BYTES;
    if (passwordLength < -1 || passwordLength > length - FIXED_BYTES) return false;
    this.passwordLength = Math.max(passwordLength, 0);
    const after = this.passwordOffset + this.passwordLength;
    this.hasReadOnly = after < offset + length;
    this.readOnly = this.hasReadOnly && bytes[after] !== 0;
    return true;
  }
}

/**
 * Appends a whole frame. `timeoutMs` 0 is the answer to a session that is not valid: id and password are zero then. `isReadOnly` is
 * told to whoever has asked in that form.
 */
export function writeConnectResponse(
  out: ScratchBytes,
  timeoutMs: number,
  sessionHi: number,
  sessionLo: number,
  withReadOnly: boolean,
  isReadOnly: boolean,
): void {
  out.writeInt(withReadOnly ? 37 : 36);
  out.writeInt(0);
  out.writeInt(timeoutMs);
  out.writeInt(timeoutMs === 0 ? 0 : sessionHi);
  out.writeInt(timeoutMs === 0 ? 0 : sessionLo);
  out.writeInt(PASSWORD_BYTES);
  const password = timeoutMs === 0 ? new Uint8Array(PASSWORD_BYTES) : sessionPassword(sessionHi, sessionLo);
  out.writeBytes(password, 0, PASSWORD_BYTES);
  if (withReadOnly) out.writeByte(isReadOnly ? 1 : 0);
}
