// The bytes of a snapshot, uncompressed, as Apache ZooKeeper writes and reads them. Pure layout; any thread.
//
//   +-------------------------------------------+
//   | int magic "ZKSN" | int version 2 | long -1|  16 bytes
//   +-------------------------------------------+
//   | int n | n x (long sessionId, int timeout) |  sessions
//   +-------------------------------------------+
//   | int n | n x (long number, acl list)       |  ACL lists; -1 is never listed: world:anyone, all permissions
//   +-------------------------------------------+
//   | ustring path | buffer data | long acl     |  one node; the root's path is "", parents come before children
//   | 60 bytes StatPersisted                    |
//   |   ...                                     |
//   | 00 00 00 01 2f                            |  "/" ends the nodes
//   +-------------------------------------------+
//   | long Adler-32 of all before | 00000001 2f |  seal 1
//   +-------------------------------------------+
//   | long zxid | int version | long digest     |  digest section   }
//   | long Adler-32 of all before | 00000001 2f |  seal 2           }  either may be absent: told by the length of
//   +-------------------------------------------+                   }  what follows seal 1 (0, 21, 33 or 54 bytes)
//   | long last zxid                            |  last-zxid section}
//   | long Adler-32 of all before | 00000001 2f |  seal 3           }
//   +-------------------------------------------+
//
// StatPersisted: long czxid, mzxid, ctime, mtime; int version, cversion, aversion; long ephemeralOwner, pzxid.
//
// Who reads which tail: 3.8 and 3.9 with digests on (the default) reject the 21-byte one, 3.9 with digests off rejects
// 33 and 54, and all of them read 0. So we write both sections when digests are on and none when they are off.

import { readInt32, writeInt32 } from '../base/bytes.js';
import { FILE_HEADER_BYTES, FILE_VERSION, SNAPSHOT_MAGIC } from '../protocol/stored-records.js';

export const SESSION_BYTES = 12;
export const ACL_NUMBER_BYTES = 8;
export const STAT_OWNER_OFFSET = 44;

/** The ustring "/". */
export const SLASH_STRING_BYTES = 5;
export const SEAL_BYTES = 8 + SLASH_STRING_BYTES;
export const DIGEST_SECTION_BYTES = 20;
export const LAST_ZXID_SECTION_BYTES = 8;
export const DIGEST_VERSION = 2;

/** Bytes behind seal 1. */
export const TAIL_NONE_BYTES = 0;
export const TAIL_LAST_ZXID_BYTES = LAST_ZXID_SECTION_BYTES + SEAL_BYTES;
export const TAIL_DIGEST_BYTES = DIGEST_SECTION_BYTES + SEAL_BYTES;
export const TAIL_BYTES_MAX = TAIL_DIGEST_BYTES + TAIL_LAST_ZXID_BYTES;

/** The smallest file that can pass the quick test: something, and a closing "/". */
export const QUICK_TEST_BYTES_MIN = 10;

const SLASH = 0x2f;

export function encodeSnapshotHeader(): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  writeInt32(bytes, 0, SNAPSHOT_MAGIC);
  writeInt32(bytes, 4, FILE_VERSION);
  writeInt32(bytes, 8, -1);
  writeInt32(bytes, 12, -1);
  return bytes;
}

/** Does the ustring "/" stand here? It ends the nodes, closes each seal, and so ends every whole file. */
export function isSlashString(bytes: Uint8Array, offset: number): boolean {
  return readInt32(bytes, offset) === 1 && bytes[offset + 4] === SLASH;
}

export function writeSlashString(bytes: Uint8Array, offset: number): void {
  writeInt32(bytes, offset, 1);
  bytes[offset + 4] = SLASH;
}
