// The records by which a connection begins and says who it is: ConnectRequest and ConnectResponse (the only frames
// without a header), auth and SASL. Cold paths, any thread. Buffers that were decoded are views of the frame.
//
//   ConnectRequest   [ protocolVersion:int | lastZxidSeen:long | timeOut:int | sessionId:long | passwd:buffer | readOnly? ]
//   ConnectResponse  [ protocolVersion:int | timeOut:int | sessionId:long | passwd:buffer of 16 | readOnly? ]
//
// readOnly is the one optional field of the protocol: old clients leave it out, and then the response must as well.

import type { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';

export const PASSWORD_BYTES = 16;

export interface ConnectRequest {
  readonly protocolVersion: number;
  readonly lastZxidSeen: bigint;
  /** ms */
  readonly timeOut: number;
  /** 0 asks for a new session. */
  readonly sessionId: bigint;
  readonly passwd: Uint8Array | null;
  /** null: the field is absent. */
  readonly readOnly: boolean | null;
}

export interface ConnectResponse {
  readonly protocolVersion: number;
  /** ms; 0 says that the session is not valid. */
  readonly timeOut: number;
  readonly sessionId: bigint;
  readonly passwd: Uint8Array | null;
  /** null: the field is absent. */
  readonly readOnly: boolean | null;
}

export interface AuthPacket {
  /** Always 0, ignored. */
  readonly type: number;
  readonly scheme: string | null;
  readonly auth: Uint8Array | null;
}

export interface GetSASLRequest {
  readonly token: Uint8Array | null;
}

export interface SetSASLResponse {
  readonly token: Uint8Array | null;
}

export function encodeConnectRequest(w: JuteWriter, record: ConnectRequest): void {
  w.writeInt(record.protocolVersion);
  w.writeLong(record.lastZxidSeen);
  w.writeInt(record.timeOut);
  w.writeLong(record.sessionId);
  w.writeBuffer(record.passwd);
  if (record.readOnly !== null) w.writeBool(record.readOnly);
}

export function decodeConnectRequest(r: JuteReader): ConnectRequest {
  return {
    protocolVersion: r.readInt(),
    lastZxidSeen: r.readLong(),
    timeOut: r.readInt(),
    sessionId: r.readLong(),
    passwd: r.readBuffer(),
    readOnly: decodeReadOnly(r),
  };
}

export function encodeConnectResponse(w: JuteWriter, record: ConnectResponse): void {
  w.writeInt(record.protocolVersion);
  w.writeInt(record.timeOut);
  w.writeLong(record.sessionId);
  w.writeBuffer(record.passwd);
  if (record.readOnly !== null) w.writeBool(record.readOnly);
}

export function decodeConnectResponse(r: JuteReader): ConnectResponse {
  return {
    protocolVersion: r.readInt(),
    timeOut: r.readInt(),
    sessionId: r.readLong(),
    passwd: r.readBuffer(),
    readOnly: decodeReadOnly(r),
  };
}

export function encodeAuthPacket(w: JuteWriter, record: AuthPacket): void {
  w.writeInt(record.type);
  w.writeUstring(record.scheme);
  w.writeBuffer(record.auth);
}

export function decodeAuthPacket(r: JuteReader): AuthPacket {
  return { type: r.readInt(), scheme: r.readUstring(), auth: r.readBuffer() };
}

export function encodeGetSASLRequest(w: JuteWriter, record: GetSASLRequest): void {
  w.writeBuffer(record.token);
}

export function decodeGetSASLRequest(r: JuteReader): GetSASLRequest {
  return { token: r.readBuffer() };
}

export function encodeSetSASLResponse(w: JuteWriter, record: SetSASLResponse): void {
  w.writeBuffer(record.token);
}

export function decodeSetSASLResponse(r: JuteReader): SetSASLResponse {
  return { token: r.readBuffer() };
}

/** A byte left behind the password is the flag. */
function decodeReadOnly(r: JuteReader): boolean | null {
  return r.remaining > 0 ? r.readBool() : null;
}
