// The two directories that a zoo.cfg names, for tools that work on them. Read as the server reads its configuration; what
// else the file says is not looked at.
// Null for a file that cannot be read.

import { readFileSync } from 'node:fs';
import { parsePropertiesFile, trimProperties } from '../../base/java-properties.js';

export interface ConfiguredDirectories {
  readonly dataDir: string | null;
  readonly dataLogDir: string | null;
}

export function readConfiguredDirectories(configFile: string): ConfiguredDirectories | null {
  let pairs: ReadonlyMap<string, string>;
  try {
    pairs = trimProperties(parsePropertiesFile(readFileSync(configFile)));
  } catch {
    return null;
  }
  return { dataDir: pairs.get('dataDir') || null, dataLogDir: pairs.get('dataLogDir') || null };
}
