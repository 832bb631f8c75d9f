// The two epochs of a member of an ensemble, in files of their own in dataDir/version-2: acceptedEpoch, the highest epoch it
// has promised itself to, and currentEpoch, the highest epoch whose initial history it holds on its disk. Owned by
// quorum-peer, with the leader and learner parts setting them; on its thread, which may block in a file call. Every set
// is durable when it returns and is answered for only then; a set that throws leaves the memory as it was.
//
//   acceptedEpoch   "32"      one decimal number, no newline; only the first line is read
//   currentEpoch    "-1"      both: a member without a database, which takes no part in voting
//
// Invariant, in memory and on the disk: currentEpoch <= acceptedEpoch, and neither ever falls.
//
// A crash between the first transaction (or snapshot) of epoch E and the write of currentEpoch = E leaves a log that is
// ahead of currentEpoch. The reference then starts only if it happened to leave a whole currentEpoch.tmp. We start as well
// if E was accepted: a durable record of E stands behind the whole initial history of E, so the write may be made good.

import { assert } from '../base/assert.js';
import { DecimalLong } from '../base/decimal-long.js';
import { decodeUtf8 } from '../base/utf8.js';
import { ATOMIC_TEMPORARY_SUFFIX, readWholeFile, replaceFile } from './atomic-file.js';
import { errorCodeOf, type FileStore, joinPath } from './file-store.js';

const ACCEPTED_EPOCH = 'acceptedEpoch';
const CURRENT_EPOCH = 'currentEpoch';
const EXIT_UNEXPECTED_ERROR = 1;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The files do not say what they must, or cannot be read or written. At the start the process ends with this code. */
export class EpochFileError extends Error {
  override readonly name = 'EpochFileError';
  readonly exitCode = EXIT_UNEXPECTED_ERROR;
}

export class EpochFiles {
  private readonly fileStore: FileStore;
  private readonly directory: string;
  private accepted = 0;
  private current = 0;

  /** Holds the files against the last zxid in the database (both halves -1: there is none). Throws EpochFileError. */
  constructor(fileStore: FileStore, snapshotDirectory: string, lastZxidHi: number, lastZxidLo: number) {
    this.fileStore = fileStore;
    this.directory = snapshotDirectory;
    assert(lastZxidHi >= 0 || (lastZxidHi === -1 && lastZxidLo === -1), 'zxids are not negative, but for none at all');
    try {
      this.open(lastZxidHi);
    } catch (error) {
      throw asEpochFileError(error, 'cannot open the epoch files');
    }
  }

  get acceptedEpoch(): number {
    return this.accepted;
  }

  get currentEpoch(): number {
    return this.current;
  }

  /** Before the promise is sent. Throws EpochFileError. */
  setAcceptedEpoch(epoch: number): void {
    assert(epoch >= this.accepted, 'the accepted epoch never falls');
    if (epoch === this.accepted) return;
    this.write(ACCEPTED_EPOCH, epoch);
    this.accepted = epoch;
  }

  /** After the initial history of the epoch is durable, before that is acknowledged. Throws EpochFileError. */
  setCurrentEpoch(epoch: number): void {
    assert(epoch >= this.current, 'the current epoch never falls');
    assert(epoch <= this.accepted, 'an epoch is accepted before it becomes current');
    if (epoch === this.current) return;
    this.write(CURRENT_EPOCH, epoch);
    this.current = epoch;
  }

  private open(lastEpoch: number): void {
    // A process that was killed between a rename and its fsync: what is read here will be answered for.
    this.fileStore.syncDirectory(this.directory);
    const accepted = this.read(ACCEPTED_EPOCH);
    const current = this.read(CURRENT_EPOCH);
    this.accepted = accepted ?? lastEpoch;
    this.current = current ?? lastEpoch;
    if (lastEpoch > this.current) this.current = this.catchUp(lastEpoch, accepted);
    if (this.accepted < this.current) {
      throw new EpochFileError(`The accepted epoch, ${this.accepted} is less than the current epoch, ${this.current}`);
    }
    // The accepted one first, so that no crash in between leaves a current epoch above it.
    if (accepted !== this.accepted) this.write(ACCEPTED_EPOCH, this.accepted);
    if (current !== this.current) this.write(CURRENT_EPOCH, this.current);
  }

  /** What currentEpoch was about to become when the process ended. */
  private catchUp(lastEpoch: number, accepted: number | null): number {
    const intended = this.readTemporary();
    if (intended !== null && intended >= lastEpoch && intended <= this.accepted) return intended;
    if (accepted !== null && accepted >= lastEpoch) return lastEpoch;
    throw new EpochFileError(
      `The current epoch, ${this.current}, is older than the last zxid, which is of epoch ${lastEpoch}, ` +
        `and ${accepted === null ? 'there is no accepted epoch' : `the accepted epoch is ${accepted}`}. ` +
        'Empty the data directory except for myid, and the leader sends a snapshot',
    );
  }

  private read(name: string): number | null {
    const path = joinPath(this.directory, name);
    const bytes = readWholeFile(this.fileStore, path);
    if (bytes === null) return null;
    const epoch = parseEpoch(bytes);
    if (epoch !== null) return epoch;
    throw new EpochFileError(
      `Found ${JSON.stringify(decodeUtf8(bytes, 0, bytes.length))} in ${path}: that is no epoch`,
    );
  }

  /** A temporary is whole or cut at any byte; a cut one says nothing that holds. */
  private readTemporary(): number | null {
    const bytes = readWholeFile(this.fileStore, joinPath(this.directory, CURRENT_EPOCH + ATOMIC_TEMPORARY_SUFFIX));
    return bytes === null ? null : parseEpoch(bytes);
  }

  private write(name: string, epoch: number): void {
    assert(Number.isInteger(epoch) && epoch >= -1 && epoch === (epoch | 0), 'an epoch is the upper half of a zxid');
    const path = joinPath(this.directory, name);
    try {
      replaceFile(this.fileStore, path, asciiOf(String(epoch)));
    } catch (error) {
      throw asEpochFileError(error, `cannot write epoch ${epoch} to ${path}`);
    }
  }
}

/** Long.parseLong of the first line; beyond 32 bits it is the upper half of no zxid. */
function parseEpoch(bytes: Uint8Array): number | null {
  let end = 0;
  while (end < bytes.length && bytes[end] !== LINE_FEED && bytes[end] !== CARRIAGE_RETURN) end++;
  const number = new DecimalLong();
  if (!number.parse(bytes, 0, end)) return null;
  const epoch = number.lo;
  const isInt = number.hi === epoch >> 31;
  return isInt && epoch >= -1 ? epoch : null;
}

function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What the disk refuses becomes ours; crashes of the simulated one and bugs stay what they are. */
function asEpochFileError(error: unknown, action: string): unknown {
  if (error instanceof EpochFileError || errorCodeOf(error) === '') return error;
  return new EpochFileError(`${action}: ${error instanceof Error ? error.message : error}`, { cause: error });
}
