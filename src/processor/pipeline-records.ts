/**
 * The records that travel connections -> prep -> sync -> final -> connections, drawn once for all four stages.
 *
 * Every record begins with the same sixteen words, so that a stage can pass one on without knowing what it is. All words
 * are in the machine's byte order; only what comes from or goes to the wire or the log (body, entry, reply) is big-endian.
 *
 *   word  0        1           2     3     4      5       6       7      8       9       10       11
 *        +--------+-----------+-----+-----+------+-------+-------+------+-------+-------+--------+-----------+
 *        | shard  | connection| xid | op  | slot | sess  | sess  | zxid | zxid  | error | flags  | arrivedMs |
 *        |        |           |     |     |      | hi    | lo    | hi   | lo    |       |        |           |
 *        +--------+-----------+-----+-----+------+-------+-------+------+-------+-------+--------+-----------+
 *   word 12       13       14      15        | byte 64 ...
 *        +--------+--------+-------+--------+-+-------------------------------------------------------------+
 *        | lengthA| lengthB| spare | spare  | | part A (lengthA bytes)        | part B (lengthB bytes)      |
 *        +--------+--------+-------+--------+-+-------------------------------------------------------------+
 *
 *   type      from -> to               part A                          part B
 *   request   connections -> prep      identities: vector<Id>          request body (after the RequestHeader)
 *   pass      prep -> ... -> final     identities                      request body: executed by final in its place
 *   echo      connections, prep -> ..  identities, or nothing          reply body: goes back as it is, in its place
 *   txn       prep -> ... -> final     txn entry (txn-applier.ts)      nothing
 *   commit    final -> connections     reply body (owner shard only)   changes (change-list.ts), to every shard
 *   reply     final -> connections     reply body (owner shard only)   watch actions (change-list.ts), to the owner only
 *   moved     final -> connections     nothing                         nothing: a session was opened on (shard, connection)
 *   serving   final -> connections     nothing                         nothing: recovery is done up to zxid
 *   serving   final -> prep            the same: the session table and the tree are filled
 *   restore   restorer -> prep -> ...  nothing                         the plan (persistence/restore-plan.ts), for sync alone
 *   restored  final -> restorer        nothing                         nothing: the restore is done, or error says it is not
 *
 * A restore travels in the line of all requests: what came before it is done before it. prep takes nothing more until final
 * tells it `serving` once again, with FLAG_REPLACED towards prep and the shards if the database is another one now; if not,
 * prep alone is told, with the error.
 *
 * Parts start at multiples of one byte, not eight: they are copied once, short, and mostly read by bytes.
 */
export const RecordType = {
  request: 1,
  pass: 2,
  echo: 3,
  txn: 4,
  commit: 5,
  reply: 6,
  moved: 7,
  serving: 8,
  restore: 9,
  restored: 10,
} as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

export const WORD_SHARD = 0;
export const WORD_CONNECTION = 1;
export const WORD_XID = 2;
export const WORD_OP = 3;
export const WORD_SLOT = 4;
export const WORD_SESSION_HI = 5;
export const WORD_SESSION_LO = 6;
export const WORD_ZXID_HI = 7;
export const WORD_ZXID_LO = 8;
export const WORD_ERROR = 9;
export const WORD_FLAGS = 10;
export const WORD_ARRIVED_MS = 11;
export const WORD_LENGTH_A = 12;
export const WORD_LENGTH_B = 13;
/** Bytes that the request counts for as a large one (client-protocol 9.4), until it comes back; mostly 0. */
export const WORD_LARGE_BYTES = 14;

export const PIPELINE_HEADER_WORDS = 16;
export const PIPELINE_HEADER_BYTES = 64;

/** flags: the connection is closed once the reply has left. */
export const FLAG_CLOSE = 1;
/** flags: the reply carries zxid and error of the record as they are; otherwise final fills in the last applied zxid. */
export const FLAG_OWN_ZXID = 2;
/** flags: the reply's body is sent although its error is not Ok (a failed sasl, a multiRead that holds a write). */
export const FLAG_BODY = 4;
/** flags of `serving`: tree and sessions were replaced, and nothing that was known of them holds. */
export const FLAG_REPLACED = 8;

/** Operations that only travel between our own stages; numbers outside of ZooKeeper's. */
export const InternalOp = {
  /** Re-open: part B is timeoutMs as one big-endian int. */
  reopenSession: 0x10001,
  /** The session tracker found that the session of this slot is due. */
  expireSession: 0x10002,
} as const;
