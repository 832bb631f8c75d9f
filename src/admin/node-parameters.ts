// The parameters that get_node and get_children have in common, as they stand in a query. Pure.
// Null: it is missing and has to be there, or it is not what it should be.
// A path is taken as it is: what is no path of a node is not found.

export function pathOf(parameters: ReadonlyMap<string, string>): string | null {
  const path = parameters.get('path');
  return path?.startsWith('/') ? path : null;
}

/** Never more than `max`. */
export function countOf(
  parameters: ReadonlyMap<string, string>,
  name: string,
  fallback: number,
  max: number,
): number | null {
  const text = parameters.get(name);
  if (text === undefined) return fallback;
  return /^\d{1,10}$/.test(text) ? Math.min(Number(text), max) : null;
}
