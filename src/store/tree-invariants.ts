/**
 * Compares every structure of a data tree with every other, and throws at the first that disagrees: counts with nodes, child
 * lists with parents, wire fields with what they are made of, indexes with kinds, the digest with its nodes. For tests; looks at
 * all nodes, changes nothing. On the tree's thread.
 */
import { assert } from '../base/assert.js';
import { DigestSum } from './digest-sum.js';
import { inlineRoom } from './node-data.js';
import {
  CAPACITY,
  CVERSION,
  DATA,
  DATA_LENGTH,
  DIGEST,
  KIND_MASK,
  NodeKind,
  PARENT,
  PATH_LENGTH,
  POSITION,
  SHAPE,
  STAT_CHILD_COUNT,
  STAT_CVERSION,
  STAT_DATA_LENGTH,
  swapWord,
} from './node-layout.js';
import type { NodeRecords } from './node-records.js';
import { SLAB_SHIFT, UNIT_MASK } from './slab-memory.js';
import type { TreeDigest } from './tree-digest.js';
import type { TreeReader } from './tree-reader.js';

/** Found by walking from the root; bytes begin with 1 for ZooKeeper's second root. */
class Seen {
  nodes = 0;
  bytes = 1;
  ephemerals = 0;
  containers = 0;
  ttlNodes = 0;
  readonly digests = new DigestSum();
}

export class TreeInvariants {
  private readonly records: NodeRecords;
  private readonly reader: TreeReader;
  /** Null: digests are off. */
  private readonly digest: TreeDigest | null;

  constructor(records: NodeRecords, reader: TreeReader, digest: TreeDigest | null) {
    this.records = records;
    this.reader = reader;
    this.digest = digest;
  }

  check(): void {
    const { records, digest } = this;
    records.allocator.checkInvariants();
    assert(records.index.checkInvariants() === records.count, 'the index holds another number of nodes');
    const seen = new Seen();
    const stack = [records.root];
    for (let ref = stack.pop(); ref !== undefined; ref = stack.pop()) {
      this.checkNode(ref, seen);
      this.checkChildren(ref, stack);
    }
    if (digest !== null) {
      const isSum = seen.digests.hi === digest.sum.hi && seen.digests.lo === digest.sum.lo;
      assert(isSum, 'the tree digest is not the sum of its nodes');
    }
    assert(seen.nodes === records.count, 'nodes miscounted');
    assert(seen.bytes === records.byteCount, 'data bytes miscounted');
    this.checkContainers(seen);
    this.checkEphemerals(seen);
  }

  private checkNode(ref: number, seen: Seen): void {
    const words = this.records.memory.words[ref >>> SLAB_SHIFT];
    const node = (ref & UNIT_MASK) << 1;
    const kind = words[node + SHAPE] & KIND_MASK;
    const dataLength = words[node + DATA_LENGTH];
    seen.nodes++;
    seen.bytes += words[node + PATH_LENGTH] + Math.max(0, dataLength);
    if (kind === NodeKind.ephemeral) seen.ephemerals++;
    if (kind === NodeKind.container) seen.containers++;
    if (kind === NodeKind.ttl) seen.ttlNodes++;
    if (this.digest !== null) {
      assert(words[node + DIGEST] === this.digest.valueOf(ref), 'a node counts wrongly in the tree digest');
      seen.digests.add(words[node + DIGEST]);
    }
    const room = inlineRoom(words, node);
    assert((words[node + DATA] === 0) === dataLength <= room, 'data is not where its length says');
    assert(swapWord(words[node + STAT_DATA_LENGTH]) === Math.max(0, dataLength), 'wire dataLength is wrong');
    const count = swapWord(words[node + STAT_CHILD_COUNT]);
    const cversion = (2 * words[node + CVERSION] - count) | 0;
    assert(swapWord(words[node + STAT_CVERSION]) === cversion, 'wire cversion is wrong');
    assert(kind === NodeKind.ephemeral || count <= words[node + CAPACITY], 'more children than room');
    assert(count === 0 || kind !== NodeKind.ephemeral, 'an ephemeral with children');
  }

  private checkChildren(ref: number, stack: number[]): void {
    const { children, memory } = this.records;
    const count = children.count(ref);
    for (let i = 0; i < count; i++) {
      const child = children.at(ref, i);
      const words = memory.words[child >>> SLAB_SHIFT];
      const node = (child & UNIT_MASK) << 1;
      assert(words[node + PARENT] === ref && words[node + POSITION] === i, 'a child does not know its place');
      stack.push(child);
    }
  }

  private checkContainers(seen: Seen): void {
    const { kinds } = this.records;
    const { containers } = kinds;
    assert(seen.containers + seen.ttlNodes === containers.count, 'containers miscounted');
    assert(seen.ttlNodes === kinds.ttlNodeCount, 'TTL nodes miscounted');
    for (let place = 0; place < containers.count; place++) {
      const ref = containers.at(place);
      assert(containers.placeOf(ref) === place, 'a container does not know its place');
      const kind = this.records.kindOf(ref);
      assert(kind === NodeKind.container || kind === NodeKind.ttl, 'a node in the container index is none');
    }
  }

  private checkEphemerals(seen: Seen): void {
    const { reader } = this;
    const { kinds } = this.records;
    assert(seen.ephemerals === kinds.ephemeralCount, 'ephemerals miscounted');
    let indexed = 0;
    kinds.ephemerals.visitSessions((hi, lo, count) => {
      let listed = 0;
      for (let ref = kinds.ephemerals.first(hi, lo); ref !== 0; ref = reader.nextEphemeral(ref)) {
        assert(reader.ownerHi(ref) === hi && reader.ownerLo(ref) === lo, 'an ephemeral in a wrong list');
        listed++;
      }
      assert(listed === count && count > 0, 'ephemerals of a session miscounted');
      indexed += listed;
    });
    assert(indexed === seen.ephemerals, 'an ephemeral is in no list');
  }
}
