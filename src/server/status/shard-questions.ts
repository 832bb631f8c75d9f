/**
 * Asks the connection shards what they know of connections and watches, piece by piece, and puts the pieces together on the
 * main thread. No thread is held for longer than one piece takes; listings of one kind wait for each other.
 */
import { SystemClock } from '../../actor/system-clock.js';
import { javaInetAddress } from '../../base/java-address.js';
import type { ConnectionPiece, ConnectionReport, ShardControl, WatchPiece } from '../../net/shard-control.js';
import { operationTag } from '../operation-tag.js';
import type { AskActor } from '../server-plan.js';
import type { ConnectionStatus } from './server-status.js';
import type { TurnSharing } from './turn-sharing.js';
import type { WatchListing } from './watch-listing.js';

export class ShardQuestions {
  private readonly ask: AskActor;
  private readonly shardCount: number;
  /** Each shard has one place where a listing of connections goes on. */
  private connectionListing: Promise<unknown> = Promise.resolve();

  constructor(ask: AskActor, shardCount: number) {
    this.ask = ask;
    this.shardCount = shardCount;
  }

  askShard(shard: number, control: ShardControl): Promise<unknown> {
    return this.ask(`connections.${shard}`, control);
  }

  async askAll(control: ShardControl): Promise<void> {
    await Promise.all(this.shards().map((shard) => this.askShard(shard, control)));
  }

  connections(): Promise<ConnectionStatus[]> {
    const before = this.connectionListing;
    const listing = before.then(() => this.listConnections());
    // Who waits behind a listing that failed makes its own.
    this.connectionListing = listing.catch(() => undefined);
    return listing;
  }

  /** Data watches; one may come twice. */
  async watches(turns: TurnSharing, listing: Pick<WatchListing, 'add'>): Promise<void> {
    for (const shard of this.shards()) {
      for (let from = 0; from >= 0; ) {
        const piece = (await this.askShard(shard, { kind: 'watches', from })) as WatchPiece;
        listing.add(piece);
        if (turns.isDue) await turns.pause();
        from = piece.next;
      }
    }
  }

  private async listConnections(): Promise<ConnectionStatus[]> {
    const clock = new SystemClock();
    const wallOriginMs = clock.wallMs() - clock.monotonicMs();
    const listings = this.shards().map(async (shard) => {
      const connections: ConnectionStatus[] = [];
      for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
        const piece = (await this.askShard(shard, { kind: 'connections', isFirst })) as ConnectionPiece;
        for (const report of piece.reports) connections.push(connectionStatus(report, wallOriginMs));
        isLast = piece.isLast;
      }
      return connections;
    });
    return (await Promise.all(listings)).flat();
  }

  private shards(): number[] {
    return Array.from({ length: this.shardCount }, (_, shard) => shard);
  }
}

/** `wallOriginMs`: when monotonic time was 0. */
function connectionStatus(report: ConnectionReport, wallOriginMs: number): ConnectionStatus {
  return {
    address: javaInetAddress(report.address),
    port: report.port,
    interestOps: report.isAnswering ? 0 : 1,
    queuedCount: report.outstanding,
    receivedCount: report.received,
    sentCount: report.sent,
    isEncrypted: report.isEncrypted,
    expiresMs: report.expiresMs,
    session: report.hasSession
      ? {
          sessionHi: report.sessionHi,
          sessionLo: report.sessionLo,
          lastOperation: operationTag(report.lastOp),
          establishedWallMs: Math.round(wallOriginMs + report.establishedMs),
          timeoutMs: report.timeoutMs,
          lastCxid: report.lastXid,
          lastZxidHi: report.lastZxidHi,
          lastZxidLo: report.lastZxidLo,
          lastResponseMonotonicMs: Math.round(report.lastResponseMs),
          lastLatencyMs: report.lastLatencyMs,
          minLatencyMs: report.minLatencyMs,
          avgLatencyMs: report.latencyCount === 0 ? 0 : Math.floor(report.totalLatencyMs / report.latencyCount),
          maxLatencyMs: report.maxLatencyMs,
        }
      : null,
  };
}
