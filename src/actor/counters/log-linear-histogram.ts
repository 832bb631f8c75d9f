/**
 * Cells of a log-linear histogram, and what can be read from a copy of them. Pure; any thread. Whole numbers below 32 have a
 * cell each; above, every power of two is divided into 16 cells, so a value is known to within 1/16 of itself, and what
 * `valueAt` names, the middle of the cell, is off by at most 1/32 (3.1 %).
 *
 *   cell   0 1 2 ... 31 | 32       33       ...  47      | 48       49      ... 63      | ...           447
 *   from   0 1 2 ... 31 | 32       34       ...  62      | 64       68      ... 124     | ...   2 080 374 784
 *
 * Cells are float64: at a million records a second the 32-bit kind would wrap within 72 minutes.
 */

const EXACT_CELLS = 32;
const EXACT_BITS = 5;
const CELLS_PER_OCTAVE = 16;
const CELL_BITS = 4;
const VALUE_MAX = 0x7fffffff;

export const HISTOGRAM_CELLS = EXACT_CELLS + (31 - EXACT_BITS) * CELLS_PER_OCTAVE;

/** The cell of a number of at least 0; fractions are dropped, what is beyond 2^31 - 1 goes into the last cell. */
export function histogramCell(value: number): number {
  const whole = value < VALUE_MAX ? value | 0 : VALUE_MAX;
  if (whole < EXACT_CELLS) return whole;
  const octave = 31 - Math.clz32(whole);
  const step = (whole >>> (octave - CELL_BITS)) & (CELLS_PER_OCTAVE - 1);
  return EXACT_CELLS + (octave - EXACT_BITS) * CELLS_PER_OCTAVE + step;
}

/** The least whole number of a cell. */
export function cellLeast(cell: number): number {
  if (cell < EXACT_CELLS) return cell;
  const octave = Math.floor((cell - EXACT_CELLS) / CELLS_PER_OCTAVE) + EXACT_BITS;
  const step = (cell - EXACT_CELLS) % CELLS_PER_OCTAVE;
  return (CELLS_PER_OCTAVE + step) * 2 ** (octave - CELL_BITS);
}

/** The whole number that stands for a cell: the middle of those that fall into it. */
export function cellMiddle(cell: number): number {
  return Math.floor((cellLeast(cell) + cellLeast(cell + 1) - 1) / 2);
}

/** How many values these cells hold. */
export function cellsTotal(cells: Float64Array): number {
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

/** How many values are at most `bound`, counted by whole cells: exact if `bound` + 1 begins a cell. */
export function countUpTo(cells: Float64Array, bound: number): number {
  let count = 0;
  for (let cell = 0; cell < cells.length && cellLeast(cell) <= bound; cell++) count += cells[cell];
  return count;
}
