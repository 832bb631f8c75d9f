/**
 * Where the repository lies, found by walking up from this file: tests run from the sources, benches from dist/.
 * Never guesses from the working directory.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(from: string): string {
  if (existsSync(join(from, 'package-lock.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('no package-lock.json above the test builders');
  return findRoot(parent);
}

export const repositoryRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));
