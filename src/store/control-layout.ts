/**
 * The control block: one small SharedArrayBuffer with everything a reader needs to find its way into the slabs.
 *
 *   word   0 ..  31   nothing (the block's first bytes may share a cache line with a stranger)
 *   word  32          SEQUENCE       the seqlock: odd while the writer is inside a section   } a cache line pair
 *   word  33 ..  63   nothing                                                                } of its own
 *   word  64 ..  95   written by the writer inside its section, read by readers inside begin..valid:
 *          64 ZXID_HI           65 ZXID_LO            last processed zxid
 *          66 NODE_COUNT        67 EPHEMERAL_COUNT
 *          68 DATA_BYTES_LO     69 DATA_BYTES_HI      approximate data size, hi * 2^32 + lo
 *          70 DIRECTORY_REF     71 DIRECTORY_BITS     the path index (path-index.ts)
 *          72 ROOT_REF          73 SLAB_COUNT         slabs announced so far
 *          74 SESSIONS_REF      75 SESSIONS_CAPACITY  76 SESSION_COUNT   (ephemeral-index.ts)
 *          77 PATH_BYTES_MAX    78 DATA_BYTES_MAX     79 ACL_BYTES_MAX   longest ever stored: bounds for garbage lengths
 *          80 INCARNATION       grows with every clear()
 *          81 CONTAINERS_REF    82 CONTAINER_COUNT    (container-index.ts)
 *          83 TREE_DIGEST_HI    84 TREE_DIGEST_LO     of the tree at ZXID; 0 with digests off
 *          85 DIGEST_KEPT                             1, or 0: digests are off
 *          86 DIGEST_LOG_COUNT                        digests remembered so far, of which the newest 1024 are in the log
 *   word  96          HASH_KEY_LO    97 HASH_KEY_HI   written once, before anybody reads
 *   word 256 .. 4351  the digest log, a ring of 1024 entries of four words; also written inside a section:
 *                     zxid hi | zxid lo | tree digest hi | tree digest lo
 *
 * Owned by the tree's writer; read by every thread. Readers must never store here (their fence words are private).
 */
export const CONTROL_BYTES = (256 + 1024 * 4) * 4;

export const SEQUENCE = 32;

export const ZXID_HI = 64;
export const ZXID_LO = 65;
export const NODE_COUNT = 66;
export const EPHEMERAL_COUNT = 67;
export const DATA_BYTES_LO = 68;
export const DATA_BYTES_HI = 69;
export const DIRECTORY_REF = 70;
export const DIRECTORY_BITS = 71;
export const ROOT_REF = 72;
export const SLAB_COUNT = 73;
export const SESSIONS_REF = 74;
export const SESSIONS_CAPACITY = 75;
export const SESSION_COUNT = 76;
export const PATH_BYTES_MAX = 77;
export const DATA_BYTES_MAX = 78;
export const ACL_BYTES_MAX = 79;
export const INCARNATION = 80;
export const CONTAINERS_REF = 81;
export const CONTAINER_COUNT = 82;
export const TREE_DIGEST_HI = 83;
export const TREE_DIGEST_LO = 84;
export const DIGEST_KEPT = 85;
export const DIGEST_LOG_COUNT = 86;

export const HASH_KEY_LO = 96;
export const HASH_KEY_HI = 97;

export const DIGEST_LOG = 256;
export const DIGEST_LOG_ENTRY_WORDS = 4;
export const DIGEST_LOG_ENTRIES_MAX = 1024;
