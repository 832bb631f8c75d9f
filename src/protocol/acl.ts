// Id, ACL and ClientInfo: who may do what. In records that come from clients scheme and id may be null (some clients
// write the empty string so); what a null costs is decided where the list is checked. Cold paths, any thread.
// Judges nothing: permission checks and the fix-up of lists are the processors' (processor/acl.ts).

import type { JuteReader } from '../jute/jute-reader.js';
import { decodeVector, encodeVector } from '../jute/jute-vector.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { Perms } from './perms.js';

/** perms and the lengths of two strings. */
const ACL_BYTES_MIN = 12;
const CLIENT_INFO_BYTES_MIN = 8;

export interface Id {
  readonly scheme: string | null;
  readonly id: string | null;
}

export interface ACL {
  readonly perms: number;
  readonly id: Id;
}

export interface ClientInfo {
  readonly authScheme: string;
  readonly user: string;
}

/** Everybody may do everything: what clients send unless told otherwise. */
export const OPEN_ACL_UNSAFE: readonly ACL[] = [{ perms: Perms.All, id: { scheme: 'world', id: 'anyone' } }];
/** Everybody may read, nobody may do anything else. */
export const READ_ACL_UNSAFE: readonly ACL[] = [{ perms: Perms.Read, id: { scheme: 'world', id: 'anyone' } }];
/** Everything for each identity that the creator has proved; refused when there is none. */
export const CREATOR_ALL_ACL: readonly ACL[] = [{ perms: Perms.All, id: { scheme: 'auth', id: '' } }];

export function encodeId(w: JuteWriter, record: Id): void {
  w.writeUstring(record.scheme);
  w.writeUstring(record.id);
}

export function decodeId(r: JuteReader): Id {
  return { scheme: r.readUstring(), id: r.readUstring() };
}

export function encodeACL(w: JuteWriter, record: ACL): void {
  w.writeInt(record.perms);
  encodeId(w, record.id);
}

export function decodeACL(r: JuteReader): ACL {
  return { perms: r.readInt(), id: decodeId(r) };
}

export function encodeACLs(w: JuteWriter, list: readonly ACL[] | null): void {
  encodeVector(w, list, encodeACL);
}

export function decodeACLs(r: JuteReader): ACL[] | null {
  return decodeVector(r, ACL_BYTES_MIN, decodeACL);
}

export function encodeClientInfo(w: JuteWriter, record: ClientInfo): void {
  w.writeUstring(record.authScheme);
  w.writeUstring(record.user);
}

export function decodeClientInfo(r: JuteReader): ClientInfo {
  return { authScheme: r.readUstring() ?? '', user: r.readUstring() ?? '' };
}

export function encodeClientInfos(w: JuteWriter, list: readonly ClientInfo[]): void {
  encodeVector(w, list, encodeClientInfo);
}

export function decodeClientInfos(r: JuteReader): ClientInfo[] {
  return decodeVector(r, CLIENT_INFO_BYTES_MIN, decodeClientInfo) ?? [];
}
