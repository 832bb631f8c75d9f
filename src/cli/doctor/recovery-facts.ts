// What recovery would make of the data directory, and what the newest snapshot holds: the part of the doctor that reads whole
// files. Read-only in every case, through a store that refuses to write; blocks the thread.
// Not while a server runs on the directory: what it is just writing would look like damage.

import { join } from 'node:path';
import { DataDirectoryError, VERSION_DIRECTORY } from '../../persistence/data-directories.js';
import { errorCodeOf } from '../../persistence/file-store.js';
import { describeFinding } from '../../persistence/log-finding.js';
import { NotRepairable, planLogRepair } from '../../persistence/log-repair.js';
import { NodeFileStore } from '../../persistence/node-file-store.js';
import { ReadOnlyFileStore } from '../../persistence/read-only-file-store.js';
import { listSnapshots } from '../../persistence/snapshot-files.js';
import { directoryBytes } from '../../server/data-directory.js';
import type { ServerConfig } from '../../server/server-config.js';
import { DataTree } from '../../store/data-tree.js';
import { createTreeMemory } from '../../store/tree-memory.js';
import { ToolFailure } from '../offline/tool-io.js';
import { loadSnapshot } from '../snapshot-toolkits/loaded-snapshot.js';
import type { DataFacts } from './data-check.js';
import { error, type Finding, info, warning } from './finding.js';
import { checkTree } from './tree-check.js';

/** As much is read without being asked to. */
const BYTES_MAX = 256 << 20;

export function readDamage(
  config: ServerConfig,
  isRunning: boolean,
  isDeep: boolean,
): Pick<DataFacts, 'damage' | 'whyNotLooked'> {
  const { dataDir, dataLogDir } = config;
  if (isRunning) return { damage: null, whyNotLooked: 'a server runs on them' };
  const fileStore = new ReadOnlyFileStore(new NodeFileStore());
  const directories = [...new Set([dataDir, dataLogDir])].map((path) => join(path, VERSION_DIRECTORY));
  if (!directories.every((path) => fileStore.isDirectory(path)))
    return { damage: null, whyNotLooked: 'there are none' };
  if (!isDeep && directories.reduce((bytes, path) => bytes + directoryBytes(path), 0) > BYTES_MAX) {
    return { damage: null, whyNotLooked: 'there is much to read; --deep reads it' };
  }
  const tree = new DataTree(createTreeMemory(0, 0), () => undefined);
  try {
    const plan = planLogRepair({ fileStore, dataDir, dataLogDir, tree, warn: () => undefined });
    return { damage: plan === null ? [] : plan.findings.map(describeFinding), whyNotLooked: '' };
  } catch (caught) {
    const isExpected =
      caught instanceof NotRepairable || caught instanceof DataDirectoryError || errorCodeOf(caught) !== '';
    if (!(caught instanceof Error) || !isExpected) throw caught;
    return { damage: [caught.message], whyNotLooked: '' };
  }
}

export function checkNewestSnapshot(config: ServerConfig): Finding[] {
  const fileStore = new ReadOnlyFileStore(new NodeFileStore());
  const directory = join(config.dataDir, VERSION_DIRECTORY);
  const newest = fileStore.isDirectory(directory) ? listSnapshots(fileStore, directory)[0] : undefined;
  if (newest === undefined) return [info('tree', 'there is no snapshot to look into', directory)];
  const path = join(directory, newest.name);
  const complaints: Finding[] = [];
  const complain = (text: string) => {
    complaints.push(warning('tree', text.trim(), path, 'A start takes the snapshot before it; keep that one.'));
  };
  try {
    const { tree } = loadSnapshot(fileStore, path, { out: () => undefined, err: complain, readLine: () => null });
    return [...complaints, ...checkTree(tree, path, config.frameBytesMax)];
  } catch (caught) {
    if (!(caught instanceof ToolFailure)) throw caught;
    return [error('tree', caught.message, path, 'A start takes the snapshot before it, if that one is whole.')];
  }
}
