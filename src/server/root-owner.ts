/**
 * Who has every permission on the root node, and so may have commands that concern the whole database (operations 3.6).
 *
 * Main thread; reads the shared tree. Never waits for its writer: while the tree is being replaced, the answer is that there is
 * none yet.
 */
import { type AclPolicy, type Identity, Permission, parseStoredAcl } from '../processor/acl.js';
import type { TreeReader } from '../store/tree-reader.js';

const ALL = [Permission.read, Permission.write, Permission.create, Permission.delete, Permission.admin] as const;
const NO_PATH = new Uint8Array(0);
const TRIES = 8;

/** Null: the list could not be read. An unknown list lets nobody in. */
export function ownsRoot(tree: TreeReader, policy: AclPolicy, identities: readonly Identity[]): boolean | null {
  for (let tries = 0; tries < TRIES; tries++) {
    const sequence = tree.begin();
    if (sequence < 0) continue;
    const root = tree.find(NO_PATH, 0, 0);
    const aclRef = root === 0 ? 0 : tree.aclRef(root);
    const bytes = new Uint8Array(aclRef === 0 ? 0 : tree.aclLength(aclRef));
    if (bytes.length > 0) tree.copyAcl(aclRef, bytes, 0, bytes.length);
    if (!tree.valid(sequence) || root === 0) continue;
    if (aclRef === 0) return true;
    if (bytes.length === 0) return false;
    const acl = parseStoredAcl(bytes, 0, bytes.length);
    return ALL.every((permission) => policy.allows(acl, permission, identities));
  }
  return null;
}
