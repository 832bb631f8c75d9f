// The machine under a SimFileStore: every call to the disk passes here, to work, to fail, or to find the power gone. It
// also keeps the disk's clock, which passes with every change to a file, and its chance: one generator, drawn from in the
// order of the calls, so that a seed replays. For tests and the simulator; it must never draw for a call that works.

import type { Prng } from '../base/prng.js';

export type SimCallName =
  | 'create'
  | 'open'
  | 'list'
  | 'read'
  | 'write'
  | 'truncate'
  | 'syncData'
  | 'sync'
  | 'rename'
  | 'link'
  | 'unlink'
  | 'mkdir'
  | 'syncDirectory'
  | 'close';

export interface SimCall {
  /** Counts calls of every name, from 0. */
  readonly index: number;
  readonly name: SimCallName;
  readonly path: string;
}

/** What becomes of a call: it works, it fails with this code, or the machine stops in the middle of it. */
export type SimVerdict = 'ok' | 'crash' | 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EMFILE' | 'EACCES' | 'EROFS';

/** A call that failed; `code` is the POSIX name. */
export class SimFileError extends Error {
  override readonly name = 'SimFileError';
  readonly code: string;

  constructor(code: string, call: string, path: string) {
    super(`${code}: ${call} '${path}'`);
    this.code = code;
  }
}

/** The machine is off: every call until crash() has been called. */
export class SimCrashError extends Error {
  override readonly name = 'SimCrashError';
}

export class SimMachine {
  onCall: (call: SimCall) => SimVerdict = () => 'ok';
  callCount = 0;
  nowMs = 0;
  generation = 0; // of handles: those of before a crash are dead
  isOff = false;
  readonly prng: Prng;

  constructor(prng: Prng) {
    this.prng = prng;
  }

  /**
   * Counts the call and asks what becomes of it. True: the machine stops in the middle, and the caller, having said
   * that it can stand that, does part of its work and then calls stop().
   */
  begin(name: SimCallName, path: string, canTear: boolean): boolean {
    if (this.isOff) throw new SimCrashError('the machine is off');
    const verdict = this.onCall({ index: this.callCount++, name, path });
    if (verdict === 'ok') return false;
    if (verdict === 'crash') {
      if (!canTear) this.stop();
      return true;
    }
    throw new SimFileError(verdict, name, path);
  }

  stop(): never {
    this.isOff = true;
    throw new SimCrashError('the machine stopped');
  }

  restart(): void {
    this.generation++;
    this.isOff = false;
  }
}
