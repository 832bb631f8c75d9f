/**
 * The two epochs of a member as its roles write them (ensemble-protocol 5.4): the files are there once the database is loaded, and
 * before that nobody asks. On the quorum peer's thread, which waits for the disk; a disk that refuses is told on and thrown.
 */
import { assert } from '../base/assert.js';
import { EpochFileError, type EpochFiles } from '../persistence/epoch-files.js';
import type { Epochs } from './role.js';

export class PeerEpochs implements Epochs {
  private readonly onRefused: () => void;
  private opened: EpochFiles | null = null;

  constructor(onRefused: () => void) {
    this.onRefused = onRefused;
  }

  open(files: EpochFiles): void {
    this.opened = files;
  }

  get acceptedEpoch(): number {
    return this.files.acceptedEpoch;
  }

  get currentEpoch(): number {
    return this.files.currentEpoch;
  }

  setAcceptedEpoch(epoch: number): void {
    this.write(() => this.files.setAcceptedEpoch(epoch));
  }

  setCurrentEpoch(epoch: number): void {
    this.write(() => this.files.setCurrentEpoch(epoch));
  }

  private get files(): EpochFiles {
    assert(this.opened !== null, 'the database is loaded');
    return this.opened;
  }

  private write(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof EpochFileError) this.onRefused();
      throw error;
    }
  }
}
