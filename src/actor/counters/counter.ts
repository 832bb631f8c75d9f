/**
 * A number that only grows, until it is reset. The writer's side; lives on the thread that owns the metric set it came from
 * (metric-set.ts). A plain add to shared memory.
 */

export class Counter {
  private readonly cell: Float64Array;

  /** Over one value of a counter set. */
  constructor(cell: Float64Array) {
    this.cell = cell;
  }

  add(amount: number): void {
    this.cell[0] += amount;
  }

  increment(): void {
    this.cell[0] += 1;
  }

  get value(): number {
    return this.cell[0];
  }

  reset(): void {
    this.cell[0] = 0;
  }
}
