/**
 * Recovery for a member of an ensemble: a log that lost something is cut back to what is proven, instead of refused, because its
 * peers have the rest. What is set aside stays beside the log; the sync mark says what is owed, and until a leader has brought the
 * member up to date it has no vote (src/README.md, "A log that lost something").
 *
 * Where no snapshot can be used there is nothing to cut back to: all of the database is set aside, and the leader sends a new one. Logs
 * without any snapshot are refused as ever: they may be all that there is of an old ensemble. So is a disk that cannot read one.
 *
 * On the thread that owns the tree, at a start and when the database has to be loaded anew.
 */
import type { Logger } from '../actor/logger.js';
import { hex64 } from '../base/int64.js';
import { setDatabaseAside } from '../persistence/database-aside.js';
import { applyLogRepair, planLogRepair } from '../persistence/log-repair.js';
import { type RecoveredDatabase, type RecoveryOptions, recover } from '../persistence/recovery.js';
import { RecoveryError } from '../persistence/recovery-error.js';

export function recoverMember(options: RecoveryOptions, log: Logger): RecoveredDatabase {
  const lenient: RecoveryOptions = { ...options, onMissingTail: 'report' };
  try {
    return warned(recover(lenient), log);
  } catch (error) {
    if (!(error instanceof RecoveryError) || error.finding === null) throw error;
    if (error.finding.kind === 'snapshot') beginAnew(options, error, log);
    else repair(options, error, log);
    return warned(recover(lenient), log);
  }
}

function repair(
  { fileStore, dataDir, dataLogDir, tree, warn }: RecoveryOptions,
  error: RecoveryError,
  log: Logger,
): void {
  const plan = planLogRepair({ fileStore, dataDir, dataLogDir, tree, warn });
  if (plan === null) throw error;
  const aside = applyLogRepair(fileStore, plan, { loss: 'owed' });
  log.warn(
    `The log is cut back to 0x${hex64(plan.keptHi, plan.keptLo)}: ${error.message}. What lay behind is in ${aside}; the leader ` +
      'will send what is missing, and until then this member has no vote',
  );
}

function beginAnew({ fileStore, dataDir, dataLogDir }: RecoveryOptions, error: RecoveryError, log: Logger): void {
  const { directory, owedHi, owedLo } = setDatabaseAside(fileStore, dataDir, dataLogDir);
  log.warn(
    `The database is set aside, up to 0x${hex64(owedHi, owedLo)}: ${error.message}. What there was is in ${directory}; the leader will ` +
      'send all of it, and until then this member has no vote',
  );
}

function warned(recovered: RecoveredDatabase, log: Logger): RecoveredDatabase {
  const { missingTail } = recovered;
  if (missingTail !== null) {
    const { lastHi, lastLo, syncedHi, syncedLo } = missingTail;
    log.warn(
      `The log ends at 0x${hex64(lastHi, lastLo)}, but this member acknowledged up to 0x${hex64(syncedHi, syncedLo)}: it has no ` +
        'vote until a leader has brought it up to date',
    );
  }
  return recovered;
}
