/**
 * ACLs (client-protocol 6.6): reading the wire form, checking a permission, and the fix-up of create and setACL. What the
 * schemes mean is in auth/.
 *
 * Used by prep, final and the connection shards, each with its own `AclPolicy`; nothing here is shared. The open ACL
 * (world:anyone, all permissions) is the null list everywhere: no bytes are looked at for it.
 */
import { equalBytes, readInt32 } from '../base/bytes.js';
import { decodeUtf8 } from '../base/utf8.js';
import { ErrorCode } from '../protocol/error-code.js';
import type { AclScheme } from './auth/acl-scheme.js';
import type { ScratchBytes } from './scratch-bytes.js';

export interface AclEntry {
  readonly perms: number;
  readonly scheme: string;
  readonly id: string;
}

/** One identity of a connection: what `auth`, the peer address or TLS made it. */
export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

/**
 * What the `auth` entries of one list may become, in characters: each is replaced by all identities of the connection, and a
 * frame holds many. A list beyond it is an InvalidACL; the reference runs out of memory.
 */
const EXPANDED_CHARS_MAX = 1 << 20;

export const Permission = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

/** vector<ACL> of exactly one entry {31, "world", "anyone"}. */
export const OPEN_ACL_BYTES: Uint8Array = Uint8Array.from([
  0, 0, 0, 1, 0, 0, 0, 31, 0, 0, 0, 5, 0x77, 0x6f, 0x72, 0x6c, 0x64, 0, 0, 0, 6, 0x61, 0x6e, 0x79, 0x6f, 0x6e, 0x65,
]);

export function isOpenAcl(bytes: Uint8Array, offset: number, length: number): boolean {
  return length === OPEN_ACL_BYTES.length && equalBytes(bytes, offset, OPEN_ACL_BYTES, 0, length);
}

/** Where the vector<ACL> at `offset` ends, or -1 when it does not decode within `end` (client-protocol 1.1, 1.2). */
export function aclVectorEnd(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + 4 > end) return -1;
  const count = readInt32(bytes, offset);
  let position = offset + 4;
  for (let i = 0; i < count; i++) {
    position += 4;
    for (let field = 0; field < 2; field++) {
      if (position + 4 > end) return -1;
      const length = readInt32(bytes, position);
      if (length < -1 || length > end - position - 4) return -1;
      position += 4 + Math.max(length, 0);
    }
  }
  return position;
}

/** As a client may send it. */
interface RawEntry {
  readonly perms: number;
  readonly scheme: string | null;
  readonly id: string | null;
}

/** The entries of a vector<ACL> that `aclVectorEnd` has accepted. */
function readEntries(bytes: Uint8Array, offset: number): RawEntry[] {
  const count = readInt32(bytes, offset);
  const entries: RawEntry[] = [];
  let position = offset + 4;
  for (let i = 0; i < count; i++) {
    const perms = readInt32(bytes, position);
    const schemeLength = readInt32(bytes, position + 4);
    const scheme = schemeLength < 0 ? null : decodeUtf8(bytes, position + 8, schemeLength);
    position += 8 + Math.max(schemeLength, 0);
    const idLength = readInt32(bytes, position);
    const id = idLength < 0 ? null : decodeUtf8(bytes, position + 4, idLength);
    position += 4 + Math.max(idLength, 0);
    entries.push({ perms, scheme, id });
  }
  return entries;
}

/** A stored list: fix-up has left no nulls in it. */
export function parseStoredAcl(bytes: Uint8Array, offset: number, length: number): readonly AclEntry[] {
  if (aclVectorEnd(bytes, offset, offset + length) < 0) throw new RangeError('a stored ACL does not decode');
  return readEntries(bytes, offset).map((e) => ({ perms: e.perms, scheme: e.scheme ?? '', id: e.id ?? '' }));
}

export function parseIdentities(bytes: Uint8Array, offset: number): readonly Identity[] {
  const count = readInt32(bytes, offset);
  const identities: Identity[] = [];
  let position = offset + 4;
  for (let i = 0; i < count; i++) {
    const schemeLength = readInt32(bytes, position);
    const scheme = decodeUtf8(bytes, position + 4, schemeLength);
    position += 4 + schemeLength;
    const idLength = readInt32(bytes, position);
    identities.push({ scheme, id: decodeUtf8(bytes, position + 4, idLength) });
    position += 4 + idLength;
  }
  return identities;
}

export class AclPolicy {
  private readonly skipAcl: boolean;
  private readonly schemes: ReadonlyMap<string, AclScheme>;

  constructor(skipAcl: boolean, schemes: readonly AclScheme[]) {
    this.skipAcl = skipAcl;
    this.schemes = new Map(schemes.map((scheme) => [scheme.scheme, scheme]));
  }

  /** `acl` null = open. `permission` may name several bits; one suffices. */
  allows(acl: readonly AclEntry[] | null, permission: number, identities: readonly Identity[]): boolean {
    if (acl === null || acl.length === 0 || this.skipAcl) return true;
    for (const identity of identities) if (identity.scheme === 'super') return true;
    for (const entry of acl) {
      if ((entry.perms & permission) === 0) continue;
      if (entry.scheme === 'world') {
        if (entry.id === 'anyone') return true;
        continue;
      }
      const scheme = this.schemes.get(entry.scheme);
      if (scheme === undefined) continue;
      for (const identity of identities) {
        if (identity.scheme === entry.scheme && scheme.matches(identity.id, entry.id)) return true;
      }
    }
    return false;
  }

  /** The name that whoAmI shows: nothing for a scheme without a provider. */
  userOf(identity: Identity): string {
    return this.schemes.get(identity.scheme)?.userOf(identity.id) ?? '';
  }

  /**
   * The list as it will be stored, appended to `out`; nothing is appended for the open ACL. Returns Ok or InvalidACL, or
   * MarshallingError for the two cases in which the reference fails inside (client-protocol 5.3).
   */
  fixUp(
    bytes: Uint8Array,
    offset: number,
    end: number,
    identities: () => readonly Identity[],
    out: ScratchBytes,
  ): number {
    if (isOpenAcl(bytes, offset, end - offset)) return ErrorCode.Ok;
    if (readInt32(bytes, offset) <= 0) return ErrorCode.InvalidACL;
    const entries = withoutDuplicates(readEntries(bytes, offset));
    if (entries === null) return ErrorCode.MarshallingError;
    const kept: { perms: number; scheme: string; id: string }[] = [];
    let expandedChars = 0;
    for (const { perms, scheme, id } of entries) {
      if (scheme === null) return ErrorCode.InvalidACL;
      if (scheme === 'auth') {
        let expanded = false;
        for (const identity of identities()) {
          if (this.schemes.get(identity.scheme)?.authenticates !== true) continue;
          kept.push({ perms, scheme: identity.scheme, id: identity.id });
          expanded = true;
          expandedChars += identity.scheme.length + identity.id.length;
          if (expandedChars > EXPANDED_CHARS_MAX) return ErrorCode.InvalidACL;
        }
        if (!expanded) return ErrorCode.InvalidACL;
        continue;
      }
      const error = scheme === 'world' ? worldError(id) : this.idError(scheme, id);
      if (error !== ErrorCode.Ok) return error;
      kept.push({ perms, scheme, id: id as string });
    }
    const only = kept[0] as { perms: number; scheme: string; id: string };
    if (kept.length === 1 && only.perms === Permission.all && only.scheme === 'world') return ErrorCode.Ok;
    writeAcl(kept, out);
    return ErrorCode.Ok;
  }

  private idError(schemeName: string, id: string | null): number {
    const scheme = this.schemes.get(schemeName);
    if (scheme === undefined) return ErrorCode.InvalidACL;
    if (id === null) return scheme.failsOnNullId ? ErrorCode.MarshallingError : ErrorCode.InvalidACL;
    return scheme.isValidId(id) ? ErrorCode.Ok : ErrorCode.InvalidACL;
  }
}

/**
 * The first of equal entries stays. Null: the reference fails inside, since it compares entry by entry, field by field, and the
 * field of the later entry is a null one that has to be compared [Q] (client-protocol 5.3).
 */
function withoutDuplicates(entries: readonly RawEntry[]): readonly RawEntry[] | null {
  if (entries.length === 1) return entries;
  const kept: RawEntry[] = [];
  // Of the entries kept: what a later one is compared with, field by field. A list may have a hundred thousand of them.
  const perms = new Set<number>();
  const schemes = new Set<string>();
  const wholes = new Set<string>();
  for (const entry of entries) {
    const scheme = `${entry.perms} ${entry.scheme}`;
    const whole = `${scheme.length} ${scheme}${entry.id}`;
    if (entry.scheme === null) {
      if (perms.has(entry.perms)) return null;
    } else if (entry.id === null) {
      if (schemes.has(scheme)) return null;
      schemes.add(scheme);
    } else {
      if (wholes.has(whole)) continue;
      schemes.add(scheme);
      wholes.add(whole);
    }
    perms.add(entry.perms);
    kept.push(entry);
  }
  return kept;
}

function worldError(id: string | null): number {
  if (id === null) return ErrorCode.MarshallingError;
  return id === 'anyone' ? ErrorCode.Ok : ErrorCode.InvalidACL;
}

export function writeAcl(entries: readonly AclEntry[], out: ScratchBytes): void {
  out.writeInt(entries.length);
  for (const entry of entries) {
    out.writeInt(entry.perms);
    out.writeUstring(entry.scheme);
    out.writeUstring(entry.id);
  }
}

/** getACL without ADMIN: the part of a digest id behind its first colon becomes `x`. */
export function maskedAcl(entries: readonly AclEntry[]): readonly AclEntry[] {
  return entries.map((e) => {
    const colon = e.id.indexOf(':');
    return e.scheme === 'digest' && colon >= 0 ? { ...e, id: `${e.id.slice(0, colon)}:x` } : e;
  });
}

export function writeMaskedAcl(entries: readonly AclEntry[], out: ScratchBytes): void {
  writeAcl(maskedAcl(entries), out);
}
