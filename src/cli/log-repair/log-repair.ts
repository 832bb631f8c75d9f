// zkLogRepair without its process: from the words of the command line to the exit code. Lives wherever it is called; it
// blocks. What is to be done is persistence's plan; this shows it and asks for the word.
// It must not be used while a server runs on the directory.

import { hex64 } from '../../base/int64.js';
import { DataDirectoryError, VERSION_DIRECTORY } from '../../persistence/data-directories.js';
import { baseNameOf, errorCodeOf, type FileStore, joinPath, parentOf } from '../../persistence/file-store.js';
import { describeFinding } from '../../persistence/log-finding.js';
import {
  applyLogRepair,
  type LogRepairOptions,
  type LogRepairPlan,
  NotRepairable,
  planLogRepair,
} from '../../persistence/log-repair.js';
import { shellWord } from '../../persistence/shell-word.js';
import { DataTree } from '../../store/data-tree.js';
import { createTreeMemory } from '../../store/tree-memory.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';

const USAGE =
  'Usage: zkLogRepair [--accept-loss] dataLogDir [dataDir]\n' +
  '  dataLogDir     path to the transaction logs, as configured (without version-2); dataDir if dataLogDir is not set\n' +
  '  dataDir        path to the snapshots, when it is another one\n' +
  '  --accept-loss  set aside what a start refuses, and give up what is lost; without it nothing is changed\n';

const EXIT_STARTS = 0;
const EXIT_REFUSED = 1;
const EXIT_INVOCATION = 2;

export function logRepair(args: readonly string[], io: ToolIo, fileStore: FileStore): number {
  const paths = args.filter((arg) => !arg.startsWith('-')).map(configuredPath);
  const words = args.filter((arg) => arg.startsWith('-'));
  if (words.includes('-h') || words.includes('--help')) {
    io.out(USAGE);
    return EXIT_STARTS;
  }
  if (paths.length < 1 || paths.length > 2 || words.some((word) => word !== '--accept-loss')) {
    io.err(USAGE);
    return EXIT_INVOCATION;
  }
  const [dataLogDir, dataDir = dataLogDir] = paths;
  for (const directory of [dataLogDir, dataDir].map((path) => joinPath(path, VERSION_DIRECTORY))) {
    if (!fileStore.isDirectory(directory)) throw new ToolFailure(`There is no directory ${directory}`, EXIT_REFUSED);
  }
  const warned = new Set<string>();
  const warn = (message: string): void => {
    // One and the same look at the files is taken several times.
    if (!warned.has(message)) io.err(`${message}\n`);
    warned.add(message);
  };
  try {
    const tree = new DataTree(createTreeMemory(0, 0), () => undefined);
    return repair({ fileStore, dataDir, dataLogDir, tree, warn }, words.length > 0, io);
  } catch (error) {
    const isExpected =
      error instanceof NotRepairable || error instanceof DataDirectoryError || errorCodeOf(error) !== '';
    if (!(error instanceof Error) || !isExpected) throw error;
    throw new ToolFailure(error.message, EXIT_REFUSED, { cause: error });
  }
}

function repair(options: LogRepairOptions, isLossAccepted: boolean, io: ToolIo): number {
  const plan = planLogRepair(options);
  if (plan === null) {
    io.out('A start would not be refused: there is nothing to repair.\n');
    return EXIT_STARTS;
  }
  show(plan, io);
  const { dataDir, dataLogDir, fileStore } = options;
  if (!isLossAccepted) {
    const directories = shellWord(dataLogDir) + (dataDir === dataLogDir ? '' : ` ${shellWord(dataDir)}`);
    io.out(`Nothing was changed. To accept the loss: zkLogRepair --accept-loss ${directories}\n`);
    return EXIT_REFUSED;
  }
  const aside = applyLogRepair(fileStore, plan, { loss: 'accepted' });
  if (planLogRepair(options) !== null) throw new NotRepairable('A start would still be refused: repair once more');
  io.out(`Set aside in ${aside}. A start comes up at zxid ${hex(plan.keptHi, plan.keptLo)}.\n`);
  return EXIT_STARTS;
}

function show(plan: LogRepairPlan, io: ToolIo): void {
  io.out('A start is refused:\n');
  for (const finding of plan.findings) io.out(`  ${describeFinding(finding)}\n`);
  const { keptHi, keptLo, owedHi, owedLo, wholeRecords } = plan;
  io.out(`Repaired, the database ends at zxid ${hex(keptHi, keptLo)}.\n`);
  const isMoreKnown = owedHi !== keptHi || owedLo !== keptLo;
  const upTo = isMoreKnown ? `: all behind that, up to ${hex(owedHi, owedLo)} at least` : '';
  io.out(`Lost is what was acknowledged after it${upTo}.\n`);
  if (wholeRecords > 0) {
    const first = hex(plan.firstWholeHi, plan.firstWholeLo);
    const last = hex(plan.lastWholeHi, plan.lastWholeLo);
    io.out(`Of that, ${wholeRecords} whole records (${first} to ${last}) lie in the files that are set aside.\n`);
  }
  for (const { name, keptBytes, fileBytes } of plan.cuts) {
    io.out(
      keptBytes === 0 ? `  ${name}: aside\n` : `  ${name}: aside; its first ${keptBytes} of ${fileBytes} bytes stay\n`,
    );
  }
  for (const name of plan.snapshots) io.out(`  ${name}: aside\n`);
}

function hex(hi: number, lo: number): string {
  return `0x${hex64(hi, lo)}`;
}

/** As configured, also when the directory inside was named. */
function configuredPath(path: string): string {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  return baseNameOf(trimmed) === VERSION_DIRECTORY ? parentOf(trimmed) : trimmed;
}
