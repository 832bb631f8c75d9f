/**
 * Quorum ports whose small packets may wait until what was sent before them has been acknowledged (`leader.nodelay`,
 * `follower.nodelay`): fewer packets on a narrow line, and each write later. Election ports share the sockets' shell and never wait.
 *
 * Lives on the thread of its owner and owns nothing; everything else is the inner network's.
 */
import type { PeerAddress, PeerListener, PeerNetwork, PeerSocket, PeerSocketEvents } from '../election/peer-network.js';
import type { NodePeerNetwork } from './node-peer-network.js';

export class DelayingNetwork implements PeerNetwork {
  private readonly inner: NodePeerNetwork;
  private readonly leaderNoDelay: boolean;
  private readonly followerNoDelay: boolean;

  /** `leaderNoDelay`: of connections that are accepted; `followerNoDelay`: of those that are made. */
  constructor(inner: NodePeerNetwork, leaderNoDelay: boolean, followerNoDelay: boolean) {
    this.inner = inner;
    this.leaderNoDelay = leaderNoDelay;
    this.followerNoDelay = followerNoDelay;
  }

  listen(
    host: string | undefined,
    port: number,
    accept: (socket: PeerSocket) => PeerSocketEvents | null,
    onListening: (port: number) => void,
    onError: (error: Error) => void,
  ): PeerListener {
    return this.inner.listen(host, port, accept, onListening, onError, this.leaderNoDelay);
  }

  connect(addresses: readonly PeerAddress[], timeoutMs: number, events: PeerSocketEvents): PeerSocket {
    return this.inner.connect(addresses, timeoutMs, events, this.followerNoDelay);
  }

  close(): void {
    this.inner.close();
  }
}
