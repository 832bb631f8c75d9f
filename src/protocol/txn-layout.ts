/**
 * Where a transaction has its header, in the bytes that the log stores, PROPOSALs and INFORMs carry and the tree applies
 * (persistence 2.1, 3.1): for whoever looks at a field of it on the way, without decoding it. Byte offsets, big-endian.
 *
 *   0        8      12       20      28     32
 *   +--------+------+--------+-------+------+-------- ... --+----------------+
 *   | client | cxid | zxid   | time  | type | body          | [TxnDigest 12] |
 *   +--------+------+--------+-------+------+-------- ... --+----------------+
 */
export const TXN_CLIENT = 0;
export const TXN_CXID = 8;
export const TXN_ZXID_HI = 12;
export const TXN_ZXID_LO = 16;
/** Milliseconds by the wall clock of whoever made it, as two halves. */
export const TXN_TIME = 20;
export const TXN_TYPE = 28;
export const TXN_BODY = 32;
