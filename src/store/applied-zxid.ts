/**
 * The zxid that the tree shows at this moment, both halves of one publication. Any thread with a reader of its own; waits out a write
 * section, which is some microseconds.
 */
import type { TreeReader } from './tree-reader.js';

export function appliedZxid(reader: TreeReader): { readonly hi: number; readonly lo: number } {
  for (;;) {
    const sequence = reader.begin();
    const hi = reader.zxidHi();
    const lo = reader.zxidLo();
    if (sequence >= 0 && reader.valid(sequence)) return { hi, lo };
  }
}
