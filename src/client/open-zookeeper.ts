// The door for applications, and the entry of the package `threadkeeper/client`: a ZooKeeper client on the machine's own
// network, clocks and randomness, and the names that come with it.
//
//   await using zk = openZooKeeper('localhost:2181,otherhost:2181/app', { watcher: (event) => … });
//   await zk.create('/greeting', encodeUtf8('hello'), { mode: CreateMode.Ephemeral });
//   const { data, stat } = await zk.getData('/greeting', (event) => …);
//   for await (const event of zk.watch('/greeting', { recursive: true })) …

import type { SaslCredentials } from './digest-md5-mechanism.js';
import { nodeClientPorts } from './node-client-ports.js';
import type { TlsOptions } from './tls-transport.js';
import { ZooKeeper, type ZooKeeperOptions } from './zookeeper.js';

export { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
export { type ACL, type ClientInfo, CREATOR_ALL_ACL, OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from '../protocol/acl.js';
export { CreateMode } from '../protocol/create-mode.js';
export { ErrorCode } from '../protocol/error-code.js';
export { Perms } from '../protocol/perms.js';
export type { Stat } from '../protocol/stat.js';
export { AddWatchMode, EventType, KeeperState, WatcherType } from '../protocol/watch-event.js';
export type { CallOptions, WhileDisconnected } from './call-options.js';
export type { SessionHandle } from './client-session.js';
export { ClientState } from './client-state.js';
export { ConnectStringError } from './connect-string.js';
export type { CreateOptions, NodeOptions } from './create-options.js';
export type { SaslCredentials } from './digest-md5-mechanism.js';
export { isKeeperError, KeeperError, type KeeperErrorName } from './keeper-error.js';
export { MultiError } from './multi-error.js';
export type { MultiRead } from './multi-read.js';
export type { TlsOptions } from './tls-transport.js';
export type { CreatedInTransaction, Transaction } from './transaction.js';
export { WatchOverflowError, type WatchStream, type WatchStreamOptions } from './watch-stream.js';
export { type WatchedEvent, type Watcher, watchedEventText } from './watched-event.js';
export { InvalidPathError } from './znode-path.js';
export type { ZooKeeper, ZooKeeperOptions } from './zookeeper.js';
export type {
  Created,
  MembershipChange,
  NodeAcl,
  NodeChildren,
  NodeData,
  RemoveWatchesOptions,
  Watch,
  ZooKeeperView,
} from './zookeeper-view.js';

export interface OpenOptions extends ZooKeeperOptions {
  /** Set (even to {}): every connection is encrypted, to the server's secureClientPort. */
  readonly tls?: TlsOptions | undefined;
  /** SASL DIGEST-MD5: proved on every connection before anything else is sent; refused: state AUTH_FAILED. */
  readonly sasl?: SaslCredentials | undefined;
}

/** Returns at once; requests made before a session is open wait for it, or fail with the attempt. */
export function openZooKeeper(connectString: string, options: OpenOptions = {}): ZooKeeper {
  return new ZooKeeper(connectString, options, nodeClientPorts(options));
}
