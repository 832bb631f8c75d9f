/**
 * The identities of one connection as a set (client-protocol 6.6). Pure; the list is replaced, never changed, so whoever holds
 * one holds a snapshot.
 *
 * The order can be seen: in whoAmI's answer and in what an `auth` entry becomes. The reference keeps a hash set, so the list is
 * ordered here as Java's would be: by bucket, and in a bucket by age.
 */
import type { Identity } from '../acl.js';

const BUCKETS_MIN = 16;
const HASH_SEED = 17;
const HASH_FACTOR = 37;
const TEXT_HASH_FACTOR = 31;

/** Identities that are known already are not added again. */
export function joinIdentities(known: readonly Identity[], added: readonly Identity[]): readonly Identity[] {
  const all = [...known];
  for (const identity of added) {
    if (!all.some(({ scheme, id }) => scheme === identity.scheme && id === identity.id)) all.push(identity);
  }
  if (all.length === known.length) return known;
  let bucketCount = BUCKETS_MIN;
  while (all.length >= bucketCount * 0.75) bucketCount *= 2;
  return all
    .map((identity) => ({ identity, bucket: hashOf(identity) & (bucketCount - 1) }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ identity }) => identity);
}

function hashOf({ scheme, id }: Identity): number {
  const hash = Math.imul(Math.imul(HASH_SEED, HASH_FACTOR) + textHash(scheme), HASH_FACTOR) + textHash(id);
  return hash ^ (hash >>> 16);
}

/** Java's String.hashCode. */
function textHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, TEXT_HASH_FACTOR) + text.charCodeAt(i)) | 0;
  return hash;
}
