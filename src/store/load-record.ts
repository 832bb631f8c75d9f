/**
 * Load records: what a snapshot holds, in the words in which the tree keeps it. Decoding, hashing and byte order are done when
 * a record is written, on any thread; for the tree's writer remains to find a place and to copy words. Records stand one behind
 * the other in an Int32Array (perhaps shared), each beginning at an even word.
 *
 *        +------------+-------------+-------------+-------------+
 *        | SIZE       | SESSION     | id hi       | id lo       |   then: timeoutMs
 *        +------------+-------------+-------------+-------------+
 *        | SIZE       | ACL_LIST    | byte length | -           |   then: the list's bytes. Lists are numbered as they come
 *        +------------+-------------+-------------+-------------+
 *    0   | SIZE       | NODE        | PATH_LENGTH | NAME_OFFSET |
 *    4   | HASH       | PARENT      | PARENT_HASH | DATA_LENGTH |
 *    8   | ACL        | NODE_KIND   | OWNER hi    | OWNER lo    |
 *        +------------+-------------+-------------+-------------+
 *        +------------+-------------+-------------+-------------+
 *   12   | DIGEST     | stat, 15 words: StatPersisted as its bytes are
 *        +------------+-----------------------------------------+
 *   28   | path, zero-padded to whole words ...                  |
 *        | from the next even word on: data, zero-padded ...     |
 *        +-------------------------------------------------------+
 *
 * SIZE         of the record in words; even.
 * NAME_OFFSET  where the last component begins within the path; 0: there is no slash (the root, or a broken file).
 * HASH         of the path under the tree's key; undefined when NAME_OFFSET is 0.
 * PARENT       ParentIs: most nodes are children or siblings of the one before, and then nobody need look for the parent.
 * PARENT_HASH  of the path in front of the last slash; defined for ParentIs.elsewhere.
 * DATA_LENGTH  -1 = null.
 * ACL          number of a list that came before, or one of LoadedAcl.
 * DIGEST       what the node counts in the tree digest (node-digest.ts); 0 with digests off.
 */

export const LoadRecord = { session: 0, aclList: 1, node: 2 } as const;

export const LOAD_SIZE = 0;
export const LOAD_TYPE = 1;

export const SESSION_ID = 2;
export const SESSION_TIMEOUT = 4;
export const SESSION_RECORD_WORDS = 6;

export const ACL_LIST_BYTES = 2;
export const ACL_LIST = 4;

export const LOAD_PATH_LENGTH = 2;
export const LOAD_NAME_OFFSET = 3;
export const LOAD_HASH = 4;
export const LOAD_PARENT = 5;
export const LOAD_PARENT_HASH = 6;
export const LOAD_DATA_LENGTH = 7;
export const LOAD_ACL = 8;
export const LOAD_KIND = 9;
export const LOAD_OWNER = 10;
export const LOAD_DIGEST = 12;
export const LOAD_STAT = 13;
export const LOAD_STAT_WORDS = 15;
export const LOAD_PATH = 28;

/** "Before": the node whose record came last. */
export const ParentIs = { elsewhere: 0, parentOfBefore: 1, nodeBefore: 2 } as const;

/** In place of a list's number: no list, and a number that the snapshot does not hold. */
export const LoadedAcl = { open: -1, unresolved: -2 } as const;

/** Words from the record's start to the data. */
export function loadDataWord(pathLength: number): number {
  return (LOAD_PATH + ((pathLength + 3) >> 2) + 1) & ~1;
}

export function loadNodeWords(pathLength: number, dataLength: number): number {
  return (loadDataWord(pathLength) + ((Math.max(dataLength, 0) + 3) >> 2) + 1) & ~1;
}

export function loadAclListWords(byteLength: number): number {
  return (ACL_LIST + ((byteLength + 3) >> 2) + 1) & ~1;
}
