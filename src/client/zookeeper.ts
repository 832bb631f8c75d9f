// The client as applications see it: the operations of a view, and the session behind them. One instance is one session,
// on the thread that made it; it re-opens its session on other servers by itself until that is expired or closed.
// openZooKeeper() is this with the ports of the real world.

import { assert } from '../base/assert.js';
import { PASSWORD_BYTES } from '../protocol/connect.js';
import type { CallOptions, WhileDisconnected } from './call-options.js';
import { Chroot } from './chroot.js';
import { ClientCnxn } from './client-cnxn.js';
import type { SessionHandle } from './client-session.js';
import { type ClientState, isAlive } from './client-state.js';
import { parseConnectString } from './connect-string.js';
import { DataCopies } from './data-copies.js';
import { HostProvider } from './host-provider.js';
import type { ClientPorts } from './transport.js';
import type { Watcher } from './watched-event.js';
import { ZooKeeperView } from './zookeeper-view.js';

export const SESSION_TIMEOUT_MS_DEFAULT = 30_000;
/** Servers do not limit what they send: a list of a million children is longer than any default of jute.maxbuffer. */
export const FRAME_BYTES_MAX_DEFAULT = 64 * 1024 * 1024;

export interface ZooKeeperOptions {
  /** Asked for; the server may raise or lower it. 30 000 unless told otherwise. */
  readonly sessionTimeoutMs?: number;
  /** Hears of the session, and of nodes watched with `true`. */
  readonly watcher?: Watcher;
  /** Also accept a server that has lost its quorum and only answers reads; one that can write is preferred. */
  readonly canBeReadOnly?: boolean;
  /** Take over a session that another client opened and left with detach(). */
  readonly session?: Pick<SessionHandle, 'id' | 'password'> & Partial<SessionHandle>;
  /** Longest frame taken from a server, like Java's jute.maxbuffer; a longer one costs the connection. 64 MiB. */
  readonly frameBytesMax?: number;
  /** Of calls that name none. Unset or 0: no limit. */
  readonly requestTimeoutMs?: number;
  /** Of calls that do not say. 'attempt' unless told otherwise. */
  readonly whileDisconnected?: WhileDisconnected;
  /** Number of the first request; only tests care. */
  readonly xidFirst?: number;
}

export class ZooKeeper extends ZooKeeperView {
  /** Begins to connect at once. Throws ConnectStringError or InvalidPathError. */
  constructor(connectString: string, options: ZooKeeperOptions, ports: ClientPorts) {
    const { servers, chroot } = parseConnectString(connectString);
    const { requestTimeoutMs = 0 } = options;
    assert(requestTimeoutMs >= 0, 'requestTimeoutMs is a length of time');
    const settings = {
      sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS_DEFAULT,
      canBeReadOnly: options.canBeReadOnly ?? false,
      sessionId: options.session?.id ?? 0n,
      password: options.session?.password ?? new Uint8Array(PASSWORD_BYTES),
      lastZxid: options.session?.lastZxid ?? 0n,
      frameBytesMax: options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT,
      xidFirst: options.xidFirst ?? 1,
      requestTimeoutMs,
      whileDisconnected: options.whileDisconnected ?? 'attempt',
    };
    const hosts = new HostProvider(servers, ports.prng);
    const rootChroot = new Chroot(chroot);
    const cnxn = new ClientCnxn(settings, ports, hosts, rootChroot, options.watcher ?? (() => {}));
    super(cnxn, rootChroot, new DataCopies());
  }

  get state(): ClientState {
    return this.cnxn.state;
  }

  /** False: expired, closed or refused; every further request is rejected. */
  get isAlive(): boolean {
    return isAlive(this.cnxn.state);
  }

  /** 0n until a session was opened. */
  get sessionId(): bigint {
    return this.cnxn.sessionId;
  }

  /** 16 bytes; a copy. */
  get sessionPassword(): Uint8Array {
    return this.cnxn.password;
  }

  /** As negotiated; before that, as asked for. */
  get sessionTimeoutMs(): number {
    return this.cnxn.sessionTimeoutMs;
  }

  /** Highest zxid in a reply to this session. */
  get lastZxid(): bigint {
    return this.cnxn.zxidSeen;
  }

  /**
   * The local estimate of how long the session lives if no server is heard any more: 4/3 of its timeout after the last
   * word of a server. At 0 the client gives the session up by itself, with the event Expired. A holder of a lock should
   * stop a third of the timeout earlier. Infinite before there is a session, 0 when it is over.
   */
  get expiresInMs(): number {
    return this.cnxn.expiresInMs;
  }

  /** Requests without an answer. */
  get outstandingCount(): number {
    return this.cnxn.outstandingCount;
  }

  /**
   * Resolves when a session is open, rejects when none ever will be. Without a timeout or signal of its own it waits for
   * as long as that takes.
   */
  whenConnected(limits: Pick<CallOptions, 'signal' | 'timeoutMs'> = {}): Promise<void> {
    return this.cnxn.whenConnected(limits);
  }

  /**
   * Adds an identity to the session, on this and every later connection. Requests made after this call have it. A
   * refusal ends the session: state AUTH_FAILED. Null: the scheme asks for no proof.
   */
  addAuth(scheme: string, auth: Uint8Array | null): Promise<void> {
    return this.cnxn.addAuth(scheme, auth);
  }

  /** Ends the session; its ephemerals go. Requests made before are answered first. Never rejects. */
  close(): Promise<void> {
    return this.cnxn.close();
  }

  /** `await using zk = openZooKeeper(…)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Lets go of the session without ending it: give the handle to another client (option `session`), here or in another
   * process, before the timeout is over. This client is closed; its watches do not move along, nor do its credentials,
   * and requests without an answer are rejected with ConnectionLoss.
   */
  detach(): SessionHandle {
    return this.cnxn.detach();
  }

  /** Stops taking bytes from this connection: what the server sends piles up there. Until resumeReading or a reconnect. */
  pauseReading(): void {
    this.cnxn.pauseReading();
  }

  resumeReading(): void {
    this.cnxn.resumeReading();
  }
}
