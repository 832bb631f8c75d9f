// Which known key somebody meant who wrote one that nobody knows: by the number of letters to change, add, leave out or swap,
// whatever their case. Pure.
// A guess is offered only when it is near: a property of somebody's own is no misspelt key.

/** Null: nothing is near. */
export function nearestKey(written: string, known: Iterable<string>): string | null {
  const wanted = written.toLowerCase();
  const distanceMax = Math.max(1, Math.min(3, Math.floor(wanted.length / 4)));
  let nearest: string | null = null;
  let best = distanceMax + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - wanted.length) >= best) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Letters changed, added, left out, or two neighbours swapped. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      current[j] = Math.min(changed, previous[j] + 1, current[j - 1] + 1, isSwap ? before[j - 2] + 1 : changed);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length];
}
