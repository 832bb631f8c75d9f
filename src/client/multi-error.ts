// A multi that was refused: nothing of it was applied. The error itself is that of the op that failed; the codes of all
// ops are kept beside it. Those before the failing one are Ok, those after it RuntimeInconsistency: the server never
// looked at them. Made by ZooKeeper.multi only; immutable.

import { KeeperError } from './keeper-error.js';

export class MultiError extends KeeperError {
  /** One per op, in order. */
  readonly codes: readonly number[];
  /** Of the op that failed. */
  readonly index: number;

  constructor(codes: readonly number[], index: number, path: string | null) {
    super(codes[index], path);
    this.codes = codes;
    this.index = index;
  }
}
