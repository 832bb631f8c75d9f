/**
 * The records that travel connections -> prep -> sync -> final -> connections, drawn once for all four stages.
 *
 * Every record begins with the same sixteen words, so that a stage can pass one on without knowing what it is. All words
 * are in the machine's byte order; only what comes from or goes to the wire or the log (body, entry, reply) is big-endian.
 *
 *   word  0        1           2     3     4      5       6       7      8       9       10       11
 *        +--------+-----------+-----+-----+------+-------+-------+------+-------+-------+--------+-----------+
 *        | shard  | connection| xid | op  | slot | sess  | sess  | zxid | zxid  | error | flags  | arrived   |
 *        |        |           |     |     |      | hi    | lo    | hi   | lo    |       |        |           |
 *        +--------+-----------+-----+-----+------+-------+-------+------+-------+-------+--------+-----------+
 *   word 12       13       14      15        | byte 64 ...
 *        +--------+--------+-------+--------+-+-------------------------------------------------------------+
 *        | lengthA| lengthB| large | learner| | part A (lengthA bytes)        | part B (lengthB bytes)      |
 *        +--------+--------+-------+--------+-+-------------------------------------------------------------+
 *
 *   type      from -> to               part A                          part B
 *   request   connections -> prep      identities: vector<Id>          request body (after the RequestHeader)
 *   pass      prep -> ... -> final     identities                      request body: executed by final in its place
 *                                                                      (of createSession, closeSession, expireSession: the session
 *                                                                      is this server's alone)
 *   echo      connections, prep -> ..  identities, or nothing          reply body: goes back as it is, in its place
 *   txn       prep -> ... -> final     txn entry (txn-applier.ts)      nothing
 *   commit    final -> connections     reply body (owner shard only)   changes (change-list.ts), to every shard
 *   reply     final -> connections     reply body (owner shard only)   watch actions (change-list.ts), to the owner only
 *   moved     final -> connections     nothing                         nothing: a session was opened on (shard, connection), or
 *                                                                      is over: who else has it in this slot has it no more
 *   serving   final -> connections     nothing                         nothing: recovery is done up to zxid
 *   serving   final -> prep            the same: the session table and the tree are filled
 *   refused   final -> prep            nothing                         nothing: a local session that a learner's prep had opened (its
 *                                                                      id) found no slot
 *   restore   restorer -> prep -> ...  nothing                         the plan (persistence/restore-plan.ts), for sync alone
 *   restored  final -> restorer        nothing                         nothing: the restore is done, or error says it is not
 *
 * A restore travels in the line of all requests: what came before it is done before it. prep takes nothing more until final
 * tells it `serving` once again, with FLAG_REPLACED towards prep and the shards if the database is another one now; if not,
 * prep alone is told, with the error.
 *
 * Parts start at multiples of one byte, not eight: they are copied once, short, and mostly read by bytes.
 *
 * A member of an ensemble has two more stages in the line (ensemble-topology.ts draws it): quorum-peer between prep and sync,
 * commit between sync and final. Their records:
 *
 *   type      from -> to               part A                          part B
 *   request   quorum-peer -> prep      identities                      request body; `learner` says by whom it was forwarded
 *   request   prep -> quorum-peer      identities                      request body: on a learner, to be forwarded
 *   request   quorum-peer -> commit    nothing                         nothing: what was forwarded, until its transaction comes
 *                                                                      (of a sync all of it, until it is answered)
 *   committed quorum-peer -> commit    nothing                         nothing: everything up to zxid may be applied
 *   synced    quorum-peer -> commit    nothing                         nothing: the oldest forwarded sync is answered
 *   proven    quorum-peer -> commit    nothing                         nothing: this server led when WORD_ROUND was asked, so what was
 *                                                                      marked FLAG_UNPROVEN up to that round may pass
 *   durable   sync -> quorum-peer      nothing                         nothing: the log is on the disk up to zxid
 *   touch     quorum-peer -> prep      (long session, int timeoutMs)*  nothing: sessions that a learner has heard of
 *   halt      quorum-peer -> prep -> quorum-peer -> sync -> commit -> final -> connections, session-tracker, ...
 *                                      nothing                         nothing: the role is over, nobody is served any more
 *   fence     connections -> prep -> quorum-peer   nothing             nothing: no request of the old role is on its way here
 *   settle, serve, truncate, snapBegin, snapChunk, snapEnd, snapSave
 *             quorum-peer -> sync -> commit -> final                   in the line of all transactions, in their place:
 *     settle      what is logged and not yet applied is applied, answered to nobody
 *     serve       clients are served from here on; op is the ServerRole, zxid the tree's from here on if it is the leader's
 *     truncate    log and tree go back to zxid
 *     snapBegin   the tree is emptied for the leader's, which is that of zxid; snapChunk: part B, a piece of the stream;
 *     snapEnd     the stream is whole; snapSave: tree and sessions as they are now are made durable as a snapshot
 *   config    quorum-peer -> sync -> commit -> final   nothing         text: what this server's /zookeeper/config says, outside of all
 *                                                                      transactions; zxid is its version, op 1: whatever stands there
 *   judge     prep -> quorum-peer      identities                      request body: a reconfig, which the leader judges; prep takes
 *                                                                      nothing more until it is answered, or the role ends
 *   judged    quorum-peer -> prep      nothing                         text: the new members, without their version; error not Ok:
 *                                                                      they are refused
 *   done      final -> quorum-peer     nothing                         nothing: op says which of these (or halt, or loaded) is
 *                                                                      done, zxid is the tree's, error not Ok that it failed
 *
 * Records of the line from `halt` to `snapSave`, the chunks left out, carry WORD_DIRECT_COUNT: how many records quorum-peer had sent
 * straight to commit by then. commit acts on them when it has seen as many. Behind `snapSave` nothing is logged before its `done`.
 *
 * A role ends in this order: quorum-peer sends `halt` through prep and the line; final passes it to all shards, which close
 * every connection of a client and send a `fence`; when quorum-peer has final's `done(halt)` and the fences of all shards, it sends
 * `settle`, and has a database that is the log's once `done(settle)` comes. Between halt and serving, prep turns every
 * request into an echo with ConnectionLoss, so that what it counts for is given back.
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
  halt: 11,
  fence: 12,
  committed: 13,
  synced: 14,
  durable: 15,
  touch: 16,
  settle: 17,
  serve: 18,
  truncate: 19,
  snapBegin: 20,
  snapChunk: 21,
  snapEnd: 22,
  snapSave: 23,
  done: 24,
  loaded: 25,
  config: 26,
  judge: 27,
  judged: 28,
  proven: 29,
  refused: 30,
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
/** When its bytes were read (arrival.ts). */
export const WORD_ARRIVED = 11;
export const WORD_LENGTH_A = 12;
export const WORD_LENGTH_B = 13;
/** Bytes that the request counts for as a large one (client-protocol 9.4), until it comes back; mostly 0. */
export const WORD_LARGE_BYTES = 14;
/** Of records that quorum-peer sends into the line to halt, settle, serve or change the database. */
export const WORD_DIRECT_COUNT = WORD_XID;
/** Of `proven`, and of what waits for it. */
export const WORD_ROUND = WORD_ZXID_LO;
/** Of `serving` in a member: how many `halt` final had seen before it, so that prep knows one that is over already. */
export const WORD_HALT_COUNT = WORD_XID;
/** Number of the learner's link (1 and more) by which a request came to the leader; 0: of a client of this server. */
export const WORD_LEARNER = 15;

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
/**
 * flags of `txn`: applied, but not logged. A snapshot that will hold it is made durable before anything is promised; or this server
 * observes without a log, promises nothing, and forgets it with its role.
 */
export const FLAG_UNLOGGED = 16;

/** flags of a request and its txn: an ephemeral node for a session that no other server knows (ensemble-protocol 7.4). */
export const FLAG_LOCAL_SESSION = 32;

/** flags of a sync of a leader's own client: it keeps the line back until WORD_ROUND is proven (zab/leadership-proof.ts). */
export const FLAG_UNPROVEN = 64;

/** What a server is to its clients: op of `serve` and `serving`. */
export const ServerRole = { standalone: 0, leader: 1, follower: 2, observer: 3, readOnly: 4 } as const;
export type ServerRole = (typeof ServerRole)[keyof typeof ServerRole];

/** Operations that only travel between our own stages; numbers outside of ZooKeeper's. */
export const InternalOp = {
  /** Re-open: part B is timeoutMs as one big-endian int. */
  reopenSession: 0x10001,
  /** The session tracker found that the session of this slot is due. */
  expireSession: 0x10002,
} as const;
