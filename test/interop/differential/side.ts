// One of the two servers with its connections: plays steps and turns all that comes back into frames. Knows neither the
// other server nor what ought to come. Behind every step each connection sends a sync and reads up to its reply, so that
// all that the step has caused is there; no length of time is waited for.

import { setImmediate as turn } from 'node:timers/promises';
import { OpCode, opName, Xid } from '../../../src/protocol/op-code.js';
import { sessionPassword } from '../../../src/protocol/session-password.js';
import type { ServerProcess } from '../../testing/server-process.js';
import { DeadlineError } from '../../testing/until.js';
import { counted, int32, int64, parseConnectResponse, request, WireConnection } from '../../testing/wire-connection.js';
import { CLOSED, type Frame } from './frame.js';
import { readEvent, replyBodyText, type Symbols } from './frame-text.js';
import { LastZxid, type MadeRequest, type OpenStep, Password } from './step.js';

const ANSWER_MS = 8000;
const FIRST_BARRIER_XID = 0x7000_0000;
const HEADER_BYTES = 16;
/** How far a transaction's time may be from now. */
const CLOCK_TOLERANCE_MS = 600_000;
const FUTURE_ZXIDS = 1000n;
const UNKNOWN_SESSION = 0x0123_4567_89ab_cdefn;

/** A connection and what it has shown since it was last asked. */
class Line {
  readonly wire: WireConnection;
  readonly pending: MadeRequest[] = [];
  frames: Frame[] = [];
  isOver = false;

  constructor(wire: WireConnection) {
    this.wire = wire;
  }

  over(frame: Frame): void {
    this.isOver = true;
    this.pending.length = 0;
    this.frames.push(frame);
    this.wire.destroy();
  }
}

interface KnownSession {
  readonly id: bigint;
  readonly password: Buffer;
}

export class Side implements Symbols {
  readonly server: ServerProcess;
  /** Of the newest barrier. */
  zxid = 0n;
  private readonly lines = new Map<number, Line>();
  /** By the number that both sides count their sessions with. */
  private readonly sessions = new Map<number, KnownSession>();
  private readonly sessionNumbers = new Map<bigint, number>();
  private readonly times = new Map<bigint, bigint>();
  private barriers = 0;

  constructor(server: ServerProcess) {
    this.server = server;
  }

  isOpen(slot: number): boolean {
    const line = this.lines.get(slot);
    return line !== undefined && !line.isOver;
  }

  /** Opens a connection on the slot; `session` is the number of the session asked for, null for a new one. */
  async open(slot: number, step: Omit<OpenStep, 'slot'>, session: number | null, nextSession: number): Promise<void> {
    this.drop(slot);
    const line = new Line(await WireConnection.open(this.server.port));
    this.lines.set(slot, line);
    const known = session === null ? undefined : this.sessions.get(session);
    const sessionId = known?.id ?? (step.session.kind === 'new' || session === null ? 0n : UNKNOWN_SESSION);
    const wanted = step.session.kind === 'unknown' ? UNKNOWN_SESSION : sessionId;
    const behind = step.behind.map((made) => request(made.xid, made.op, patched(made, this.zxid)));
    line.wire.send(connectFrame(step, wanted, known?.password, this.zxid), ...behind);
    const payload = await this.next(line);
    if (payload === null) return;
    const grant = parseConnectResponse(payload);
    const granted = grant.timeOutMs !== 0;
    if (granted && !this.sessionNumbers.has(grant.sessionId)) {
      this.sessionNumbers.set(grant.sessionId, nextSession);
      this.sessions.set(nextSession, { id: grant.sessionId, password: Buffer.from(grant.password) });
    }
    const text =
      `grant length=${payload.length} protocol=${payload.readInt32BE(0)} timeOut=${grant.timeOutMs} ` +
      `session=${this.session(grant.sessionId)} passwd=${passwordText(payload.readInt32BE(16), grant)} ` +
      `readOnly=${grant.readOnly}`;
    line.frames.push({ kind: 'grant', text, granted });
    if (granted) line.pending.push(...step.behind);
    else await this.awaitClose(line);
  }

  /** Sends the requests in one segment and reads up to the end of what they cause on this connection. */
  async request(slot: number, requests: readonly MadeRequest[], closes: boolean, cut = 0): Promise<void> {
    const line = this.line(slot);
    line.pending.push(...requests);
    const bytes = Buffer.concat(requests.map((made) => request(made.xid, made.op, patched(made, this.zxid))));
    if (cut > 0) {
      line.wire.send(bytes.subarray(0, cut));
      await turn();
    }
    line.wire.send(bytes.subarray(cut));
    if (closes) await this.awaitClose(line);
    else await this.barrier(slot);
  }

  async raw(slot: number, bytes: Uint8Array): Promise<void> {
    const line = this.line(slot);
    line.wire.send(bytes);
    await this.awaitClose(line);
  }

  /** All that comes back on a connection that begins with these bytes. */
  async rawFirst(slot: number, bytes: Uint8Array): Promise<void> {
    this.drop(slot);
    const line = new Line(await WireConnection.open(this.server.port));
    this.lines.set(slot, line);
    line.wire.send(bytes);
    try {
      const answer = await line.wire.readToEnd(ANSWER_MS);
      line.frames.push({ kind: 'stray', text: `bytes ${JSON.stringify(answer.toString('latin1'))}` });
      line.over(CLOSED);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      line.over({ kind: 'silence', text: 'no end' });
    }
  }

  drop(slot: number): void {
    const line = this.lines.get(slot);
    if (line === undefined) return;
    line.wire.destroy();
    this.lines.delete(slot);
  }

  /** Reads what has come on a connection up to the reply to a sync sent now. */
  async barrier(slot: number): Promise<void> {
    const line = this.line(slot);
    const xid = FIRST_BARRIER_XID + (this.barriers++ & 0xff_ffff);
    line.wire.send(request(xid, OpCode.sync, counted('/')));
    for (;;) {
      const payload = await this.next(line);
      if (payload === null) return;
      if (payload.readInt32BE(0) === xid) {
        for (const made of line.pending) line.frames.push(silence(made));
        line.pending.length = 0;
        this.zxid = payload.readBigInt64BE(4);
        return;
      }
      line.frames.push(this.read(line, payload));
    }
  }

  openSlots(): number[] {
    return [...this.lines].filter(([, line]) => !line.isOver).map(([slot]) => slot);
  }

  takeFrames(slot: number): Frame[] {
    const line = this.lines.get(slot);
    if (line === undefined) return [];
    const { frames } = line;
    line.frames = [];
    return frames;
  }

  /** Ids of sessions are never used twice, times not beyond the nodes of one sequence. */
  forgetTimes(): void {
    this.times.clear();
  }

  session(id: bigint): string {
    if (id === 0n) return '0';
    const number = this.sessionNumbers.get(id);
    return number === undefined ? `unknown 0x${BigInt.asUintN(64, id).toString(16)}` : `S${number}`;
  }

  time(zxid: bigint, timeMs: bigint): string {
    if (zxid === 0n) return timeMs === 0n ? '0' : `${timeMs}, not 0`;
    const known = this.times.get(zxid);
    if (known === undefined) {
      if (Math.abs(Number(timeMs) - Date.now()) > CLOCK_TOLERANCE_MS) return `${timeMs}, far from now`;
      this.times.set(zxid, timeMs);
    } else if (known !== timeMs) {
      return `${timeMs}, not that of ${zxid}`;
    }
    return `t${zxid}`;
  }

  private line(slot: number): Line {
    const line = this.lines.get(slot);
    if (line === undefined) throw new Error(`slot ${slot} has no connection`);
    return line;
  }

  /** Reads to the end of the connection. */
  private async awaitClose(line: Line): Promise<void> {
    for (let payload = await this.next(line); payload !== null; payload = await this.next(line)) {
      line.frames.push(this.read(line, payload));
    }
  }

  /** null when the connection is over, one way or the other; then it says so in its frames. */
  private async next(line: Line): Promise<Buffer | null> {
    if (line.isOver) return null;
    try {
      const payload = await line.wire.nextFrame(ANSWER_MS);
      if (payload !== null) return payload;
      line.over(CLOSED);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      line.over({ kind: 'silence', text: 'neither frame nor end' });
    }
    return null;
  }

  private read(line: Line, payload: Buffer): Frame {
    if (payload.length < HEADER_BYTES) return { kind: 'stray', text: `stray ${payload.toString('hex')}` };
    const xid = payload.readInt32BE(0);
    const zxid = payload.readBigInt64BE(4);
    const err = payload.readInt32BE(12);
    const body = payload.subarray(HEADER_BYTES);
    if (xid === Xid.notification && body.length > 0) {
      const event = readEvent(body);
      if (event !== null) {
        const { type, path, text } = event;
        return { kind: 'event', text: `${text} zxid=${zxid} err=${err}`, zxid, type, path, fieldsText: text };
      }
    }
    const place = line.pending.findIndex((made) => xid === (made.op === OpCode.ping ? Xid.ping : made.xid));
    if (place < 0) return { kind: 'stray', text: `stray ${payload.toString('hex')}` };
    for (const made of line.pending.splice(0, place)) line.frames.push(silence(made));
    const made = line.pending.shift() as MadeRequest;
    const bodyText = replyBodyText(made.op, err, body, this);
    const text = `reply to ${opName(made.op)} xid=${xid} zxid=${zxid} err=${err}${bodyText}`;
    return { kind: 'reply', text, request: made, zxid, err, bodyText };
  }
}

function silence(made: MadeRequest): Frame {
  return { kind: 'silence', text: `no reply to ${opName(made.op)} xid=${made.xid}` };
}

function patched(made: MadeRequest, newest: bigint): Buffer {
  if (made.zxidPatch === undefined) return made.body;
  const body = Buffer.from(made.body);
  body.writeBigInt64BE(newest - BigInt(made.zxidPatch.back), made.zxidPatch.offset);
  return body;
}

function passwordText(length: number, grant: { sessionId: bigint; password: Buffer }): string {
  const { sessionId, password } = grant;
  if (length !== 16) return `of ${length} bytes`;
  if (sessionId === 0n) return password.every((byte) => byte === 0) ? 'zeros' : password.toString('hex');
  const right = sessionPassword(Number(BigInt.asIntN(32, sessionId >> 32n)), Number(BigInt.asIntN(32, sessionId)));
  return password.equals(right) ? 'right' : password.toString('hex');
}

function connectFrame(step: Omit<OpenStep, 'slot'>, id: bigint, known: Buffer | undefined, newest: bigint): Buffer {
  const lastZxid = { [LastZxid.None]: 0n, [LastZxid.Newest]: newest, [LastZxid.Future]: newest + FUTURE_ZXIDS };
  const body = Buffer.concat([
    int32(0),
    int64(lastZxid[step.lastZxid]),
    int32(step.timeOutMs),
    int64(id),
    counted(passwordBytes(step.password, known)),
    step.readOnly === null ? new Uint8Array(0) : Uint8Array.of(step.readOnly ? 1 : 0),
  ]);
  return Buffer.concat([int32(body.length), body]);
}

function passwordBytes(kind: Password, known: Buffer | undefined): Uint8Array | null {
  switch (kind) {
    case Password.Right:
      return known ?? new Uint8Array(16);
    case Password.Wrong:
      return new Uint8Array(16).fill(7);
    case Password.Short:
      return (known ?? new Uint8Array(16)).subarray(0, 8);
    case Password.Null:
      return null;
  }
}
