/**
 * Cells of a log-linear histogram, and what can be read from a copy of them. Pure; any thread. The unit is divided into 64 parts;
 * what is below half of it has a cell per part, above that every power of two is divided into 16 cells. So whole numbers below
 * 32 have cells that hold no other, and any value is known to within 1/16 of itself: the middle of a cell, which stands for it, is
 * off by at most 1/32 (3.1 %).
 *
 *   cell   0     1  ...   31 | 32    33  ...   47  | 48   ...  63 | ...                        543
 *   from   0  1/64  ... 31/64| 1/2 34/64 ... 62/64 | 1  68/64  ...| ...  16 17 ... 31 | 32 34 ... 2 080 374 784
 *
 * Cells are float64: at a million records a second the 32-bit kind would wrap within 72 minutes.
 */

const PARTS = 64;
const PART_BITS = 6;
const EXACT_CELLS = 32;
const EXACT_BITS = 5;
const CELLS_PER_OCTAVE = 16;
const CELL_BITS = 4;
const VALUE_MAX = 0x7fffffff;
/** Below it, a value in parts is a 31-bit number; above, parts make no difference any more. */
const IN_PARTS_BELOW = 2 ** (31 - PART_BITS);

export const HISTOGRAM_CELLS = EXACT_CELLS + (31 + PART_BITS - EXACT_BITS) * CELLS_PER_OCTAVE;

/** The cell of a number of at least 0; what is beyond 2^31 - 1 goes into the last cell. */
export function histogramCell(value: number): number {
  if (value < IN_PARTS_BELOW) return wholeCell((value * PARTS) | 0);
  return wholeCell(value < VALUE_MAX ? value | 0 : VALUE_MAX) + PART_BITS * CELLS_PER_OCTAVE;
}

/** The least number of a cell. */
export function cellLeast(cell: number): number {
  if (cell < EXACT_CELLS) return cell / PARTS;
  const octave = Math.floor((cell - EXACT_CELLS) / CELLS_PER_OCTAVE) + EXACT_BITS;
  const step = (cell - EXACT_CELLS) % CELLS_PER_OCTAVE;
  return ((CELLS_PER_OCTAVE + step) * 2 ** (octave - CELL_BITS)) / PARTS;
}

/** What stands for the values of a cell: rounded down it is the whole number that fell into it, if that is below 32. */
export function cellMiddle(cell: number): number {
  return (cellLeast(cell) + cellLeast(cell + 1)) / 2;
}

/** How many values these cells hold. */
function cellsTotal(cells: Float64Array): number {
  let total = 0;
  for (let cell = 0; cell < cells.length; cell++) total += cells[cell];
  return total;
}

/**
 * The value at that share (0 .. 1) of all values in order: the least one that at least this share of them do not exceed.
 * 0 if there are none.
 */
export function valueAt(cells: Float64Array, share: number, total: number = cellsTotal(cells)): number {
  const rank = Math.max(1, Math.ceil(share * total));
  let passed = 0;
  for (let cell = 0; cell < cells.length; cell++) {
    passed += cells[cell];
    if (passed >= rank) return cellMiddle(cell);
  }
  return 0;
}

/** How many values are below `bound`, counted by whole cells: exact if a cell begins with it, as with any power of two. */
export function countBelow(cells: Float64Array, bound: number): number {
  let count = 0;
  for (let cell = 0; cell < cells.length && cellLeast(cell) < bound; cell++) count += cells[cell];
  return count;
}

function wholeCell(whole: number): number {
  if (whole < EXACT_CELLS) return whole;
  const octave = 31 - Math.clz32(whole);
  const step = (whole >>> (octave - CELL_BITS)) & (CELLS_PER_OCTAVE - 1);
  return EXACT_CELLS + (octave - EXACT_BITS) * CELLS_PER_OCTAVE + step;
}
