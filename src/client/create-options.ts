// What a create may say beyond path and data: kind of node, ACL, time to live. One shape for ZooKeeper's methods and
// for Transaction, so that an application can move a create into a transaction as it stands. Types only; defaults are
// filled in where the request is made.

import type { ACL } from '../protocol/acl.js';
import type { CreateMode } from '../protocol/create-mode.js';
import type { CallOptions } from './call-options.js';

export interface NodeOptions {
  /** CreateMode.Persistent unless told otherwise. */
  readonly mode?: CreateMode;
  /** OPEN_ACL_UNSAFE unless told otherwise. */
  readonly acl?: readonly ACL[];
  /** With the two TTL modes, and only with them: 1 … 0xff_ffff_ffff. */
  readonly ttlMs?: number;
}

/** Of a create on its own; in a transaction the call options belong to its commit. */
export interface CreateOptions extends NodeOptions, CallOptions {}
