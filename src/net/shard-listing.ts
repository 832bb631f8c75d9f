/**
 * What one shard shows of its connections and their watches, in pieces that never hold it up for long: each takes about a
 * tenth of a millisecond, and the sockets have their way in between.
 *
 * Owned by the shard, on its thread; asked by the control side alone, one listing of a kind at a time.
 */
import type { SessionTable } from '../session/session-table.js';
import type { WatchManager } from '../watch/watch-manager.js';
import { WatchTable } from '../watch/watch-mode.js';
import { CnxnState, type ServerCnxn } from './server-cnxn.js';
import type { ShardConnections } from './shard-connections.js';
import { type ConnectionPiece, type ConnectionReport, WATCH_WORDS, type WatchPiece } from './shard-control.js';

const CONNECTIONS_MAX = 64;
const WATCHES_MAX = 512;
const PATH_BYTES_MAX = 1 << 16;

export class ShardListing {
  private readonly connections: ShardConnections;
  private readonly watches: WatchManager<ServerCnxn>;
  private readonly sessions: SessionTable;
  private readonly sessionlessTimeoutMs: number;
  /** Goes on over connections that come and go. */
  private rest: Iterator<ServerCnxn> | null = null;

  constructor(
    connections: ShardConnections,
    watches: WatchManager<ServerCnxn>,
    sessions: SessionTable,
    sessionlessTimeoutMs: number,
  ) {
    this.connections = connections;
    this.watches = watches;
    this.sessions = sessions;
    this.sessionlessTimeoutMs = sessionlessTimeoutMs;
  }

  connectionPiece(isFirst: boolean): ConnectionPiece {
    const rest = isFirst || this.rest === null ? this.connections.byId.values() : this.rest;
    const reports: ConnectionReport[] = [];
    while (reports.length < CONNECTIONS_MAX) {
      const { value: cnxn, done } = rest.next();
      if (done === true) {
        this.rest = null;
        return { reports, isLast: true };
      }
      reports.push(this.reportOf(cnxn));
    }
    this.rest = rest;
    return { reports, isLast: false };
  }

  /** Of the data table alone, as the reference shows them. */
  watchPiece(from: number): WatchPiece {
    const { watches } = this;
    const words: number[] = [];
    let bytes = new Uint8Array(1 << 12);
    let length = 0;
    const next = watches.visitFrom(
      WatchTable.data,
      from,
      () => words.length < WATCHES_MAX * WATCH_WORDS && length < PATH_BYTES_MAX,
      (cnxn, path) => {
        const pathLength = watches.pathLength(path);
        const byteCount = Math.max(pathLength, 0);
        if (length + byteCount + 4 > bytes.length) bytes = grown(bytes, length, byteCount + 4);
        watches.copyPath(path, bytes, length);
        length += byteCount;
        words.push(cnxn.sessionHi, cnxn.sessionLo, pathLength);
      },
    );
    return { words: Int32Array.from(words), paths: bytes.slice(0, length), next };
  }

  private reportOf(cnxn: ServerCnxn): ConnectionReport {
    const { sessions } = this;
    const hasSession =
      cnxn.state === CnxnState.open && cnxn.slot >= 0 && sessions.isOpen(cnxn.slot, cnxn.sessionHi, cnxn.sessionLo);
    const expiresMs = hasSession
      ? sessions.touchedMs(cnxn.slot) + cnxn.timeoutMs
      : cnxn.activeMs + this.sessionlessTimeoutMs;
    return cnxn.report(expiresMs);
  }
}

function grown(bytes: Uint8Array, used: number, more: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(bytes.length * 2, used + more));
  larger.set(bytes.subarray(0, used));
  return larger;
}
