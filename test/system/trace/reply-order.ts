/**
 * Walks a server's trace and checks that nothing was told to a client that was not on the disk: for every reply, event and granted
 * session there must be an fdatasync of the log that began after the write of the record and had returned successfully
 * when the write to the socket began; and the log's name must have been synced with its directory by then.
 */
import { contentsOf, type TracedCall, type TraceVisitor, visitTrace } from './traced-calls.js';

const HEADER_BYTES = 16;
const RECORD_PREFIX_BYTES = 12;
const CREATE_SESSION = -10;
const WRITES: ReadonlySet<string> = new Set(['pwrite64', 'pwritev', 'write', 'writev', 'sendto', 'sendmsg']);

interface LogFile {
  /** Written, and no sync that began since has returned. */
  written: LoggedRecord[];
  isNamed: boolean;
}

interface LoggedRecord {
  readonly zxid: bigint;
  /** Of a createSession, else null. */
  readonly sessionId: bigint | null;
}

interface Connection {
  rest: Buffer;
  isGreeted: boolean;
  /** What was durable when the first byte of the frame in `rest` was written. */
  durableAtStart: bigint;
  sessionsAtStart: number;
}

export class ReplyOrder implements TraceVisitor {
  repliesChecked = 0;
  sessionsChecked = 0;
  recordsLogged = 0;
  logWrites = 0;
  logSyncs = 0;
  readonly violations: string[] = [];
  private readonly logs = new Map<string, LogFile>();
  private readonly connections = new Map<string, Connection>();
  private readonly syncing = new Map<TracedCall, LoggedRecord[]>();
  private readonly durable = new Set<bigint>();
  /** Every record up to here is durable. */
  private durableTo: bigint;
  /** Session to the number of sessions that were durable before it. */
  private readonly sessions = new Map<bigint, number>();
  private readonly beganAt = new Map<TracedCall, { readonly durableTo: bigint; readonly sessions: number }>();

  /** `zxidAtStart`: what the server had before the trace began. */
  constructor(zxidAtStart = 0n) {
    this.durableTo = zxidAtStart;
  }

  static of(trace: string, zxidAtStart = 0n): ReplyOrder {
    const order = new ReplyOrder(zxidAtStart);
    visitTrace(trace, order);
    return order;
  }

  onBegin(call: TracedCall): void {
    if (call.file.startsWith('TCP')) {
      this.beganAt.set(call, { durableTo: this.durableTo, sessions: this.sessions.size });
    } else if (call.name === 'fdatasync' || call.name === 'fsync') {
      this.syncing.set(call, this.logs.get(call.file)?.written ?? []);
    }
  }

  onEnd(call: TracedCall, result: number): void {
    if (call.file.startsWith('TCP')) {
      if (WRITES.has(call.name) && result > 0) this.onSent(call, result);
      this.beganAt.delete(call);
    } else if (call.name === 'fdatasync' || call.name === 'fsync') {
      const synced = this.syncing.get(call) ?? [];
      this.syncing.delete(call);
      if (result === 0) this.onSynced(call.file, synced);
    } else if (WRITES.has(call.name) && isLog(call.file) && result > 0) {
      this.onLogged(call.file, contentsOf(call.args).subarray(0, result));
    }
  }

  // ---- the log

  private onLogged(path: string, bytes: Buffer): void {
    const log = this.logOf(path);
    this.logWrites++;
    const records: LoggedRecord[] = [];
    let at = bytes.subarray(0, 4).toString('latin1') === 'ZKLG' ? HEADER_BYTES : 0;
    while (bytes.length - at > RECORD_PREFIX_BYTES) {
      const length = bytes.readInt32BE(at + 8);
      const entry = at + RECORD_PREFIX_BYTES;
      if (length <= 0 || bytes[entry + length] !== 0x42) break;
      const isSession = bytes.readInt32BE(entry + 28) === CREATE_SESSION;
      records.push({
        zxid: bytes.readBigInt64BE(entry + 12),
        sessionId: isSession ? bytes.readBigInt64BE(entry) : null,
      });
      at = entry + length + 1;
    }
    this.recordsLogged += records.length;
    // A new array: a sync under way covers what was written when it began.
    log.written = [...log.written, ...records];
  }

  private onSynced(path: string, synced: readonly LoggedRecord[]): void {
    const log = this.logs.get(path);
    if (log === undefined) {
      for (const [name, each] of this.logs) if (name.slice(0, name.lastIndexOf('/')) === path) each.isNamed = true;
      return;
    }
    this.logSyncs++;
    if (!log.isNamed && synced.length > 0) this.violations.push(`${path} was synced before its name was`);
    for (const { zxid, sessionId } of synced) {
      this.durable.add(zxid);
      if (sessionId !== null) this.sessions.set(sessionId, this.sessions.size);
    }
    const done = new Set(synced);
    log.written = log.written.filter((record) => !done.has(record));
    while (this.durable.delete(this.durableTo + 1n)) this.durableTo++;
  }

  private logOf(path: string): LogFile {
    const known = this.logs.get(path) ?? { written: [], isNamed: false };
    this.logs.set(path, known);
    return known;
  }

  // ---- what clients are told

  private onSent(call: TracedCall, result: number): void {
    const began = this.beganAt.get(call) as { durableTo: bigint; sessions: number };
    const connection = this.connections.get(call.file) ?? {
      rest: Buffer.alloc(0),
      isGreeted: false,
      durableAtStart: 0n,
      sessionsAtStart: 0,
    };
    this.connections.set(call.file, connection);
    if (connection.rest.length === 0) this.startFrame(connection, began);
    connection.rest = Buffer.concat([connection.rest, contentsOf(call.args).subarray(0, result)]);
    while (connection.rest.length >= 4) {
      const end = 4 + connection.rest.readInt32BE(0);
      if (connection.rest.length < end) break;
      this.check(call.file, connection, connection.rest.subarray(4, end));
      connection.rest = connection.rest.subarray(end);
      this.startFrame(connection, began);
    }
  }

  private startFrame(connection: Connection, began: { durableTo: bigint; sessions: number }): void {
    connection.durableAtStart = began.durableTo;
    connection.sessionsAtStart = began.sessions;
  }

  private check(name: string, connection: Connection, payload: Buffer): void {
    if (!connection.isGreeted) {
      connection.isGreeted = true;
      const sessionId = payload.readBigInt64BE(8);
      if (sessionId === 0n) return;
      this.sessionsChecked++;
      const number = this.sessions.get(sessionId);
      if (number === undefined || number >= connection.sessionsAtStart) {
        this.violations.push(`${name}: session ${sessionId.toString(16)} was granted before its record was synced`);
      }
      return;
    }
    const zxid = payload.readBigInt64BE(4);
    if (zxid <= 0n) return;
    this.repliesChecked++;
    if (zxid > connection.durableAtStart) {
      this.violations.push(`${name}: zxid ${zxid} was told when ${connection.durableAtStart} was synced`);
    }
  }
}

function isLog(path: string): boolean {
  return /\/version-2\/log\.[0-9a-f]+$/.test(path);
}
