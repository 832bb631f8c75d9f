/**
 * The members of a simulated ensemble whose membership changes: which configuration is committed, as the first member says who
 * holds it for that, and what the operator of each machine does about its configuration files. A server that its own files do not
 * list does not start (ensemble-protocol 1.2); the operator then gives it the present members with itself among them, to join anew.
 */
import { Prng } from '../../../src/base/prng.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import { DynamicConfigFiles } from '../../../src/persistence/dynamic-config-files.js';
import { readMembers, writeMembers } from '../../testing/inline/member-config-file.js';
import { ConfigRecord } from '../invariants/config-record.js';
import type { EnsembleRecord } from '../invariants/ensemble-record.js';
import type { OnViolation } from '../invariants/invariant.js';
import type { QuorumContact } from '../invariants/quorum-contact.js';
import { ruleOfText } from '../invariants/quorum-rule.js';
import { zxidNumber } from '../invariants/txn-history.js';
import { memberLine } from './reconfig-plan.js';
import type { SimMember } from './sim-member.js';

export const CONFIG_FILE = '/data/zoo.cfg';

export class Membership {
  /** The newest that was ever committed. */
  text: string;
  private readonly prng: Prng;
  private readonly configs: ConfigRecord;
  private readonly record: EnsembleRecord;
  private readonly contact: QuorumContact;

  constructor(seed: number, text: string, record: EnsembleRecord, contact: QuorumContact, onViolation: OnViolation) {
    this.prng = new Prng(seed).fork('operators');
    this.text = text;
    this.configs = new ConfigRecord(onViolation);
    this.record = record;
    this.contact = contact;
  }

  get version(): number {
    return this.record.configVersion;
  }

  /** Before a start. */
  prepare({ sid, disk }: SimMember): void {
    const onDisk = readMembers(disk, CONFIG_FILE);
    if (onDisk !== null && lists(onDisk.membersText, sid)) return;
    // Who has no group cannot vote where others have.
    const isObserver = this.prng.below(2) === 0 || this.text.includes('group.');
    const present = onDisk === null ? this.text : newerText(onDisk.membersText, this.text);
    const own = lists(present, sid) ? '' : `${memberLine(sid, isObserver)}\n`;
    writeMembers(disk, CONFIG_FILE, own + present);
    // Who was a member before has had a say in who came behind it. Of version 0, it would believe whoever still knows older members.
    if (onDisk !== null && versionOfText(present) > 0) new DynamicConfigFiles(disk, CONFIG_FILE).writeNext(present);
    this.configs.forgets(sid);
  }

  /** What a member has read from its files at its start. */
  started({ sid, hasLostWrites }: SimMember, committed: QuorumVerifier, lastSeen: QuorumVerifier): void {
    if (hasLostWrites) this.configs.forgets(sid);
    this.configs.started(sid, versionOf(committed), versionOf(lastSeen));
  }

  /** What a member holds for committed from now on. */
  committed({ sid }: SimMember, config: QuorumVerifier, nowMs: number): void {
    const version = versionOf(config);
    const text = config.toText();
    this.configs.committed(sid, version, text);
    if (version <= this.version) return;
    this.record.configCommitted(sid, version, ruleOfText(text));
    this.contact.membersChanged(nowMs);
    this.text = text;
  }
}

/** A leader that lost its power with the last file of new members written has told nobody else that they are committed. */
function newerText(onDisk: string, told: string): string {
  return versionOfText(onDisk) > versionOfText(told) ? onDisk : told;
}

function versionOfText(text: string): number {
  return versionOf(parseQuorumConfigText(text));
}

function lists(text: string, sid: number): boolean {
  return text.split('\n').some((line) => line.startsWith(`server.${sid}=`));
}

function versionOf({ versionHi, versionLo }: QuorumVerifier): number {
  return zxidNumber(versionHi, versionLo);
}
