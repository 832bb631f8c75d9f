/**
 * Whether a snapshot that is written beside everything else may become visible: shut while a member's database is cut back (TRUNC)
 * or replaced by its leader's (SNAP), or is ahead of the log (an observer that keeps none): when what the tree shows is not what a start
 * must find.
 *
 *   word 0     1
 *   +--------+------+
 *   | locked | shut |     the lock is held for one rename, or for one store
 *   +--------+------+
 *
 * Shut by whoever begins to change files or tree, before it does; opened by final when the disk holds the database that the tree
 * shows. Asked by the snapshotter's thread. Any thread that may block for the time of a rename.
 */
const LOCKED = 0;
const SHUT = 1;
/** A waiter looks again this often: the holder is never held up for long. */
const LOOK_AGAIN_MS = 1;

export class SnapshotGate {
  private readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  static byteLength(): number {
    return 8;
  }

  get isShut(): boolean {
    return Atomics.load(this.words, SHUT) !== 0;
  }

  /** Once it returns nothing passes any more. */
  shut(): void {
    this.set(1);
  }

  open(): void {
    this.set(0);
  }

  /** False: it is shut, and nothing was done. */
  pass(action: () => void): boolean {
    this.lock();
    try {
      if (this.isShut) return false;
      action();
      return true;
    } finally {
      this.unlock();
    }
  }

  private set(value: number): void {
    this.lock();
    Atomics.store(this.words, SHUT, value);
    this.unlock();
  }

  private lock(): void {
    while (Atomics.compareExchange(this.words, LOCKED, 0, 1) !== 0) {
      Atomics.wait(this.words, LOCKED, 1, LOOK_AGAIN_MS);
    }
  }

  private unlock(): void {
    Atomics.store(this.words, LOCKED, 0);
    Atomics.notify(this.words, LOCKED, 1);
  }
}
