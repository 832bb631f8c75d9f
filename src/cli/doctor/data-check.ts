// The data directory as a start would find it: whether it may be used at all, the epochs of an ensemble's member, leftovers
// of snapshots, zxids near their end, damage of the log. Pure, over names and texts that were read.
// What recovery itself says about the log comes in as sentences; nothing here judges a record.

import { error, type Finding, info, ok, warning } from './finding.js';

export interface DataFacts {
  readonly dataDir: string;
  /** Of `version-2` below dataDir and dataLogDir; empty: not there yet. */
  readonly snapshotNames: readonly string[];
  readonly logNames: readonly string[];
  readonly isWritable: boolean;
  readonly isMissing: boolean;
  readonly mayBeCreated: boolean;
  /** First lines of the files; null: there is none. */
  readonly acceptedEpoch: string | null;
  readonly currentEpoch: string | null;
  readonly isSnapshotTrustEmpty: boolean;
  /** What a start refuses, as recovery says it. Null: recovery was not asked. */
  readonly damage: readonly string[] | null;
  /** Why it was not asked. */
  readonly whyNotLooked: string;
}

const CHECK = 'data directory';
const TEMPORARY = /^\.tmp-snapshot|^snapshot\..*\.tmp$/;
const COUNTER_MAX = 0xffff_ffff;
const COUNTER_WARNING = 0xf000_0000;

export function checkData(facts: DataFacts): Finding[] {
  const { dataDir, isMissing, mayBeCreated, isWritable } = facts;
  if (isMissing) {
    if (mayBeCreated) return [info(CHECK, 'holds no database yet: a start makes one', dataDir)];
    return [error(CHECK, 'is not there, and datadir.autocreate is false', dataDir, 'Run zkServer-initialize.')];
  }
  const findings: Finding[] = [];
  if (!isWritable) {
    findings.push(error(CHECK, 'cannot be written to', dataDir, "Make it the server's user's own (chown)."));
  }
  findings.push(
    ...checkNames(facts),
    ...checkEpochs(facts),
    ...checkDamage(facts),
    ...checkZxid(lastZxid(facts), dataDir),
  );
  return findings;
}

function checkNames({ snapshotNames, logNames, dataDir, isSnapshotTrustEmpty }: DataFacts): Finding[] {
  const leftovers = snapshotNames.filter((name) => TEMPORARY.test(name));
  const findings = leftovers.map((name) =>
    info(CHECK, `${name} is a snapshot that was never finished`, dataDir, 'A start removes or passes over it.'),
  );
  const hasSnapshot = snapshotNames.some((name) => /^snapshot\.[0-9a-f]/.test(name) && !TEMPORARY.test(name));
  const hasLog = logNames.some((name) => /^log\.[0-9a-f]/.test(name));
  if (hasLog && !hasSnapshot && !isSnapshotTrustEmpty) {
    const what = 'there are logs but no snapshot: a start refuses that';
    findings.push(
      error(CHECK, what, dataDir, 'Put the snapshots back; snapshot.trust.empty=true only if there never were any.'),
    );
  }
  return findings;
}

function checkEpochs({ acceptedEpoch, currentEpoch, dataDir }: DataFacts): Finding[] {
  const findings: Finding[] = [];
  for (const [name, text] of [['acceptedEpoch', acceptedEpoch] as const, ['currentEpoch', currentEpoch] as const]) {
    if (text !== null && !/^-?\d+$/.test(text)) {
      const remedy = 'Put the file back; or empty the directory but for myid, and the leader sends everything.';
      findings.push(error(CHECK, `${name} has no number but ${JSON.stringify(text)}`, dataDir, remedy));
    }
  }
  if (findings.length === 0 && Number(acceptedEpoch ?? 0) < Number(currentEpoch ?? 0)) {
    const what = `the accepted epoch, ${acceptedEpoch ?? 'none'}, is less than the current epoch, ${currentEpoch}`;
    const remedy = 'Empty the directory but for myid, and the leader sends everything.';
    findings.push(error(CHECK, what, dataDir, remedy));
  }
  return findings;
}

function checkDamage({ damage, whyNotLooked, dataDir }: DataFacts): Finding[] {
  if (damage === null) return [info(CHECK, `snapshots and logs were not read: ${whyNotLooked}`, dataDir)];
  if (damage.length === 0) return [ok(CHECK, 'a start finds everything it needs', dataDir)];
  const remedy = 'Look with zkLogRepair; a member of an ensemble repairs itself from the others.';
  return damage.map((sentence) => error(CHECK, `a start is refused: ${sentence}`, dataDir, remedy));
}

/** The counter of the zxid, its lower half, by what was used up. Also for a running server. */
export function checkZxid(zxid: bigint | null, where: string): Finding[] {
  const check = 'zxid';
  if (zxid === null) return [];
  const counter = Number(zxid & 0xffff_ffffn);
  const left = COUNTER_MAX - counter;
  const shown = `0x${zxid.toString(16)}`;
  if (counter < COUNTER_WARNING) return [ok(check, `${shown}: ${left} writes until the counter is used up`, where)];
  const what = `${shown}: after ${left} writes the counter is used up, and the ensemble elects a leader again`;
  return [warning(check, what, where, 'Restart the leader at a quiet time: a new epoch begins with counter 0.')];
}

function lastZxid({ snapshotNames, logNames }: DataFacts): bigint | null {
  let last: bigint | null = null;
  for (const name of [...snapshotNames, ...logNames]) {
    const match = /^(?:snapshot|log)\.([0-9a-f]{1,16})(?:\.gz|\.snappy)?$/.exec(name);
    const zxid = match === null ? null : BigInt(`0x${match[1]}`);
    if (zxid !== null && (last === null || zxid > last)) last = zxid;
  }
  return last;
}
