/**
 * What one connection shard is told about itself, and what it is given to work with: assembled where the server is
 * (server/actor-factory.ts), by the tests and by the simulator.
 *
 * Types only. All of it is used on the shard's thread; what is shared with other threads is memory behind the classes named here.
 */
import type { ActorContext } from '../actor/actor.js';
import type { AclPolicy } from '../processor/acl.js';
import type { SessionTable } from '../session/session-table.js';
import type { TreeReader } from '../store/tree-reader.js';
import type { Authenticator } from './auth/authenticator.js';
import type { ChangedSettings } from './changed-settings.js';
import type { ClientNetwork } from './client-socket.js';
import type { ConnectionCounts } from './connection-counts.js';
import type { ConnectionThrottle } from './connection-throttle.js';
import type { ListenState } from './listen-state.js';
import type { OutstandingCounts } from './outstanding-counts.js';
import type { RequestSenderOptions } from './request-sender.js';
import type { RequestThrottlerOptions } from './request-throttler.js';
import type { SessionOpenerOptions } from './session-opener.js';
import type { ShardListenerOptions } from './shard-listener.js';

export interface ConnectionsOptions extends ShardListenerOptions, RequestSenderOptions, SessionOpenerOptions {
  readonly frameBytesMax: number;
  readonly maxClientCnxns: number;
  readonly maxCnxns: number;
  readonly sessionlessTimeoutMs: number;
  readonly requestThrottler: RequestThrottlerOptions;
  /** False: while the server leads, its clients are turned away. */
  readonly leaderServes?: boolean;
  /** Of one connection, in a row; null, or left out: as many as have come. */
  readonly readBatchMax?: number | null;
  /** What the ACL forbids is refused here already, before the leader is asked. */
  readonly checksAclEagerly?: boolean;
  /** TLS connections are refused before their handshake while nobody is served. */
  readonly dropsEarlyHandshakes?: boolean;
  /** How many roles of this server have ended, as the quorum peer knows it. A standalone server's never does. */
  readonly endedRoleCount?: () => number;
  /** The server's user, as the audit log calls it; nothing is audited without. */
  readonly auditUser?: string | null;
}

/** Whether these four bytes, as a big-endian int, are a four-letter word. */
export type IsFourLetterWord = (word: number) => boolean;

export interface ConnectionsGivens {
  readonly context: ActorContext;
  readonly network: ClientNetwork;
  readonly tree: TreeReader;
  /** The tree is written by another thread: what is read of it may be torn. */
  readonly guarded: boolean;
  readonly sessions: SessionTable;
  readonly aclPolicy: AclPolicy;
  readonly authenticator: Authenticator;
  readonly counts: ConnectionCounts;
  readonly outstanding: OutstandingCounts;
  readonly throttle: ConnectionThrottle;
  readonly changedSettings: ChangedSettings;
  readonly listenState: ListenState;
  readonly isWord: IsFourLetterWord;
  readonly options: ConnectionsOptions;
}
