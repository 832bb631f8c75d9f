/**
 * The heartbeat table: one slot per session in shared memory, so that touching a session costs its connection one plain store.
 *
 * Writers, one per word: `prep` opens and closes slots and owns every word but `touched` (on a learner, and between two roles, it
 * is final: session-slots.ts); the connection shard that holds the session's connection owns `touched` (who opens the slot sets
 * it once). Readers: the session tracker, every
 * connection shard, the admin commands. No word is ever waited for, so plain loads and stores are enough: a reader that
 * sees an old `touched` looks again a tick later, and a shard compares the session id before it touches, so that the worst
 * a stale slot number can do is touch a session that was opened this very moment.
 *
 *   slot (10 words)
 *   word 0       1           2           3           4         5        6          7          8          9
 *   +-------+-----------+-----------+-----------+------------------+----------+----------+----------+----------+
 *   | state | session hi| session lo| timeoutMs | touched (double) | opened hi| opened lo| closed hi| closed lo|
 *   +-------+-----------+-----------+-----------+------------------+----------+----------+----------+----------+
 *
 *   `opened` is the zxid of the transaction that opened the session; UNLOGGED for a session that no transaction has opened (yet:
 *   `log`). `closed` is that of its close, and means something while the state is closing. `touched` is monotonic milliseconds,
 *   as a double: an int would wrap after 24 days of the machine's life.
 *
 *   header (8 words): word 0 = number of slots ever used (slots above it are free), word 1 = open sessions, word 2 = those of them
 *   that are this server's alone
 */
import { assert } from '../base/assert.js';
import { compareUnsigned } from '../base/int64.js';

export const SlotState = { free: 0, open: 1, closing: 2 } as const;
export type SlotState = (typeof SlotState)[keyof typeof SlotState];

/** Above all zxids, both halves: a session of this server alone (ensemble-protocol 7.4, 8.3), which no snapshot names. */
export const UNLOGGED_HI = 0x7fffffff;
export const UNLOGGED_LO = -1;

const SLOT_WORDS = 10;
const HEADER_WORDS = 8;
const STATE = 0;
const SESSION_HI = 1;
const SESSION_LO = 2;
const TIMEOUT_MS = 3;
const OPENED_HI = 6;
const OPENED_LO = 7;
const CLOSED_HI = 8;
const CLOSED_LO = 9;
/** In doubles from the slot's beginning. */
const TOUCHED = 2;

export class SessionTable {
  readonly slotCountMax: number;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.doubles = new Float64Array(memory);
    this.slotCountMax = Math.floor((this.words.length - HEADER_WORDS) / SLOT_WORDS);
  }

  static byteLengthFor(slotCount: number): number {
    return (HEADER_WORDS + slotCount * SLOT_WORDS) * 4;
  }

  /** Slots at and above this number have never been used. */
  get slotCountUsed(): number {
    return this.words[0] as number;
  }

  get openCount(): number {
    return this.words[1] as number;
  }

  /** Of the open ones: known to no other server. */
  get localCount(): number {
    return this.words[2] as number;
  }

  state(slot: number): number {
    return this.words[this.at(slot) + STATE] as number;
  }

  sessionHi(slot: number): number {
    return this.words[this.at(slot) + SESSION_HI] as number;
  }

  sessionLo(slot: number): number {
    return this.words[this.at(slot) + SESSION_LO] as number;
  }

  timeoutMs(slot: number): number {
    return this.words[this.at(slot) + TIMEOUT_MS] as number;
  }

  touchedMs(slot: number): number {
    return this.doubles[(this.at(slot) >> 1) + TOUCHED] as number;
  }

  /** True while `slot` still belongs to this session and the session is open. */
  isOpen(slot: number, sessionHi: number, sessionLo: number): boolean {
    const at = this.at(slot);
    const words = this.words;
    return (
      words[at + STATE] === SlotState.open &&
      words[at + SESSION_HI] === sessionHi &&
      words[at + SESSION_LO] === sessionLo
    );
  }

  /** A session of this server alone, which no transaction has opened. */
  isUnlogged(slot: number): boolean {
    const at = this.at(slot);
    return this.words[at + OPENED_HI] === UNLOGGED_HI && this.words[at + OPENED_LO] === UNLOGGED_LO;
  }

  touch(slot: number, nowMs: number): void {
    this.doubles[(this.at(slot) >> 1) + TOUCHED] = nowMs;
  }

  /** `zxid`: of the transaction that opens the session; 0 for one that a start has found. */
  open(
    slot: number,
    sessionHi: number,
    sessionLo: number,
    timeoutMs: number,
    nowMs: number,
    zxidHi = 0,
    zxidLo = 0,
  ): void {
    assert(slot >= 0 && slot < this.slotCountMax, 'session slot out of range');
    const at = this.at(slot);
    const words = this.words;
    assert(words[at + STATE] === SlotState.free, 'session slot is taken');
    words[at + SESSION_HI] = sessionHi;
    words[at + SESSION_LO] = sessionLo;
    words[at + TIMEOUT_MS] = timeoutMs;
    words[at + OPENED_HI] = zxidHi;
    words[at + OPENED_LO] = zxidLo;
    this.touch(slot, nowMs);
    // A snapshotter that sees the state must see the zxid too.
    Atomics.store(words, at + STATE, SlotState.open);
    if (slot >= (words[0] as number)) words[0] = slot + 1;
    words[1] = (words[1] as number) + 1;
    if (this.isUnlogged(slot)) words[2] = (words[2] as number) + 1;
  }

  /** The transaction of this zxid makes an open session that was this server's alone one of the ensemble. */
  log(slot: number, zxidHi: number, zxidLo: number): void {
    const at = this.at(slot);
    const words = this.words;
    assert(this.isUnlogged(slot), 'a session is made known to the ensemble once');
    // Whoever reads one half of each sees a zxid that is above all, too.
    words[at + OPENED_LO] = zxidLo;
    words[at + OPENED_HI] = zxidHi;
    words[2] = (words[2] as number) - 1;
  }

  /** A re-opened session takes the timeout negotiated by its new connection. */
  renew(slot: number, timeoutMs: number, nowMs: number): void {
    const at = this.at(slot);
    this.words[at + TIMEOUT_MS] = timeoutMs;
    this.touch(slot, nowMs);
  }

  /** The transaction of that zxid closes the session; it counts as closed from here on, though nothing is applied yet. */
  startClosing(slot: number, zxidHi: number, zxidLo: number): void {
    const at = this.at(slot);
    const words = this.words;
    assert(words[at + STATE] === SlotState.open, 'only an open session can start closing');
    assert(!this.isUnlogged(slot), 'no transaction closes what none has opened');
    words[at + CLOSED_HI] = zxidHi;
    words[at + CLOSED_LO] = zxidLo;
    // A snapshotter that sees the state must see the zxid too.
    Atomics.store(words, at + STATE, SlotState.closing);
    words[1] = (words[1] as number) - 1;
  }

  /**
   * The sessions that a snapshot has to name when the tree shows this zxid or a later one: those opened by then, and of
   * those that are closing whose close is still to be applied, since it may never be. One opened later is left out, closing or
   * not: its transaction stands in the log, or the session never was. May name one too many that was closed meanwhile.
   */
  visitUnclosed(
    zxidHi: number,
    zxidLo: number,
    visit: (sessionHi: number, sessionLo: number, timeoutMs: number) => void,
  ): void {
    for (let slot = 0; slot < this.slotCountUsed; slot++) {
      const state = Atomics.load(this.words, this.at(slot) + STATE);
      if (this.isUnclosedAt(slot, state, zxidHi, zxidLo))
        visit(this.sessionHi(slot), this.sessionLo(slot), this.timeoutMs(slot));
    }
  }

  /**
   * Exactly these sessions are open from here on, each with its whole time before it: the database was replaced. A session that
   * was open keeps its slot, by which its connection knows it, and the timeout that it has negotiated. Only while prep takes
   * no requests, when the final stage may write in its place.
   */
  replaceAll(
    sessions: readonly { readonly idHi: number; readonly idLo: number; readonly timeoutMs: number }[],
    nowMs: number,
  ): void {
    const words = this.words;
    const kept = new Set<number>();
    const slots = new Map<string, number>();
    const used = this.slotCountUsed;
    for (let slot = 0; slot < used; slot++) {
      if (this.state(slot) === SlotState.open) slots.set(keyOf(this.sessionHi(slot), this.sessionLo(slot)), slot);
    }
    for (const { idHi, idLo } of sessions) {
      const slot = slots.get(keyOf(idHi, idLo));
      if (slot !== undefined) kept.add(slot);
    }
    for (let slot = 0; slot < used; slot++) {
      const at = this.at(slot);
      if (!kept.has(slot)) {
        words[at + STATE] = SlotState.free;
        continue;
      }
      words[at + OPENED_HI] = 0;
      words[at + OPENED_LO] = 0;
      this.touch(slot, nowMs);
    }
    words[1] = kept.size;
    words[2] = 0;
    let next = 0;
    for (const { idHi, idLo, timeoutMs } of sessions) {
      if (slots.has(keyOf(idHi, idLo))) continue;
      while (next < this.slotCountUsed && this.state(next) !== SlotState.free) next++;
      this.open(next, idHi, idLo, timeoutMs, nowMs);
    }
  }

  /**
   * The tree ends at this zxid and nothing is on its way any more: sessions whose opening is not among what was applied never
   * were, also when their close was on its way behind it; those that were this server's alone are over, and those whose close is
   * not applied are open. Only when nobody else writes.
   */
  settle(zxidHi: number, zxidLo: number): void {
    const words = this.words;
    let open = 0;
    for (let slot = 0; slot < this.slotCountUsed; slot++) {
      const at = this.at(slot);
      if (this.isUnclosedAt(slot, words[at + STATE] as number, zxidHi, zxidLo)) {
        open++;
        Atomics.store(words, at + STATE, SlotState.open);
      } else {
        words[at + STATE] = SlotState.free;
      }
    }
    words[1] = open;
    words[2] = 0;
  }

  /** Every open session has its whole time before it: somebody begins to watch over them. */
  touchAll(nowMs: number): void {
    for (let slot = 0; slot < this.slotCountUsed; slot++) {
      if (this.state(slot) === SlotState.open) this.touch(slot, nowMs);
    }
  }

  release(slot: number): void {
    const at = this.at(slot);
    assert(this.words[at + STATE] === SlotState.closing, 'only a closing session can be released');
    this.words[at + STATE] = SlotState.free;
  }

  /** The session is closed and all of it applied. */
  close(slot: number): void {
    const at = this.at(slot);
    const words = this.words;
    assert(words[at + STATE] === SlotState.open, 'only an open session can be closed');
    if (this.isUnlogged(slot)) words[2] = (words[2] as number) - 1;
    Atomics.store(words, at + STATE, SlotState.free);
    words[1] = (words[1] as number) - 1;
  }

  /** `state` as whoever asks has read it, before he reads what it guards. */
  private isUnclosedAt(slot: number, state: number, zxidHi: number, zxidLo: number): boolean {
    const { words } = this;
    const at = this.at(slot);
    if (state === SlotState.free) return false;
    const isOpened =
      compareUnsigned(words[at + OPENED_HI] as number, words[at + OPENED_LO] as number, zxidHi, zxidLo) <= 0;
    if (state === SlotState.open || !isOpened) return isOpened;
    return compareUnsigned(words[at + CLOSED_HI] as number, words[at + CLOSED_LO] as number, zxidHi, zxidLo) > 0;
  }

  private at(slot: number): number {
    return HEADER_WORDS + slot * SLOT_WORDS;
  }
}

function keyOf(sessionHi: number, sessionLo: number): string {
  return `${sessionHi} ${sessionLo}`;
}
