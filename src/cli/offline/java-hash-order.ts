// The order in which a Java HashSet or HashMap shows what was put into it: by bucket, and in a bucket by age. Apache's
// tools walk a node's children and the sessions in it, so a text that is to equal theirs needs it. Pure.
// A bucket that ever holds more than eight, also while the table grows, becomes a tree in Java, whose root then stands first
// in it: that is not followed here. It put two of a million sequential names elsewhere among their siblings.

/** Java's own start for a set of children, and for a map. */
export const CHILDREN_CAPACITY = 8;
export const MAP_CAPACITY = 16;

const LOAD_FACTOR = 0.75;
const STRING_FACTOR = 31;
/** Bucket and age in one number: exact up to 2^53. */
const AGES = 1 << 27;

/** Places of the hashes in Java's order. `hashes`: hashCode of each, by age. */
export function javaHashOrder(hashes: Int32Array, capacityAtStart: number): Int32Array {
  const { length } = hashes;
  let capacity = capacityAtStart;
  while (length > capacity * LOAD_FACTOR) capacity *= 2;
  const keys = new Float64Array(length);
  for (let age = 0; age < length; age++) {
    const hash = hashes[age];
    keys[age] = ((hash ^ (hash >>> 16)) & (capacity - 1)) * AGES + age;
  }
  return Int32Array.from(keys.sort(), (key) => key % AGES);
}

/** String.hashCode */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, STRING_FACTOR) + text.charCodeAt(i)) | 0;
  return hash;
}
