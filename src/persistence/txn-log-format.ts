// The bytes of a transaction log file, as Apache ZooKeeper writes and reads them. Pure layout: constants and the few
// functions that touch single fields; no file access. Any thread.
//
//   file                                       record                               entry
//   0                                          0   long  checksum  (0, Adler-32)    0   long clientId
//   +----------------------------------+       8   int   length L                   8   int  cxid
//   | int  magic   5a 4b 4c 47  "ZKLG" |       12  L bytes entry                    12  long zxid
//   | int  version 2                   |       12+L byte 42 'B'                     20  long time, ms
//   | long dbid    0                   |                                            28  int  type
//   +----------------------------------+       = L + 13 bytes                       32  body
//   | record | record | ... | 0 0 0 0  |                                            ..  [int 2, long digest]
//   +----------------------------------+
//
// All integers are big-endian. The checksum covers the entry only, not its length nor the end byte. Zeros behind the
// last record are padding: a length of 0 ends the file. The digest, if there is one, is simply the entry's last bytes.

import { readInt32, writeInt32 } from '../base/bytes.js';
import { FILE_HEADER_BYTES, FILE_VERSION, TXN_LOG_MAGIC } from '../protocol/stored-records.js';

/** checksum and length, in front of the entry. */
export const RECORD_PREFIX_BYTES = 12;
export const RECORD_END_BYTE = 0x42;
/** What a record takes beside its entry. */
export const RECORD_EXTRA_BYTES = RECORD_PREFIX_BYTES + 1;

// Offsets within an entry.
export const ENTRY_CLIENT_OFFSET = 0;
export const ENTRY_ZXID_OFFSET = 12;
export const ENTRY_TYPE_OFFSET = 28;

export function encodeTxnLogHeader(): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  writeInt32(bytes, 0, TXN_LOG_MAGIC);
  writeInt32(bytes, 4, FILE_VERSION);
  return bytes;
}

/** Version and dbid are ignored on reading, as the reference does. */
export function hasTxnLogMagic(bytes: Uint8Array): boolean {
  return readInt32(bytes, 0) === TXN_LOG_MAGIC;
}
