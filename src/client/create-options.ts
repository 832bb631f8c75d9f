// What a create may say beyond path and data, in ZooKeeper and in Transaction alike.

import type { ACL } from '../protocol/acl.js';
import type { CreateMode } from '../protocol/create-mode.js';

export interface CreateOptions {
  /** CreateMode.Persistent unless told otherwise. */
  readonly mode?: CreateMode;
  /** OPEN_ACL_UNSAFE unless told otherwise. */
  readonly acl?: readonly ACL[];
  /** With the two TTL modes, and only with them. */
  readonly ttlMs?: number;
}
