/**
 * The committed and the last seen configuration of a member, with their files, and what a change of members means for it
 * (ensemble-protocol 9.1, 9.5).
 *
 * Owned by the quorum peer, on its thread, which blocks in a file call only when members change. Without reconfigEnabled nothing
 * here ever changes, whatever others say. It must never end a role or begin one: it says that a change is a major one, and whom
 * a committed reconfiguration has appointed; the quorum peer does the rest.
 */
import type { Logger } from '../actor/logger.js';
import { compareSigned, hex64 } from '../base/int64.js';
import { hasSameQuorumAddresses, isNewerConfig } from '../election/config-pair.js';
import type { QuorumMember, QuorumVerifier } from '../election/quorum-verifier.js';
import type { DynamicConfigFiles } from '../persistence/dynamic-config-files.js';
import type { ConfigView } from './config-view.js';

export interface QuorumConfigsOptions {
  readonly myId: number;
  readonly isReconfigEnabled: boolean;
  /** Null: this member was not configured by a file. */
  readonly files: DynamicConfigFiles | null;
  /** zoo.cfg as it was read. */
  readonly staticPairs: ReadonlyMap<string, string>;
  /** Members stand in a file of their own already, so zoo.cfg has been rewritten before. */
  readonly hasDynamicFile: boolean;
  readonly log: Logger;
}

export interface QuorumConfigsEvents {
  /** Whom this member follows or leads as; null while it looks for somebody. */
  currentLeader(): number | null;
  /** `areMembersOthers`: the election begins anew, with new connections. */
  onChanged(areMembersOthers: boolean): void;
  /** This member's clients are to be heard here from now on. */
  onClientAddress(host: string, port: number): void;
  /** The role ends with this change, and without an election (1.3): this is the leader then. */
  onAppointed(leader: number): void;
}

export class QuorumConfigs implements ConfigView {
  private readonly options: QuorumConfigsOptions;
  private readonly events: QuorumConfigsEvents;
  private ofCommitted: QuorumVerifier;
  private ofLastSeen: QuorumVerifier;
  /** The file of proposed members may hold some that were not seen: writing it has failed. */
  private isNextInDoubt = false;

  /** `lastSeen`: of a file beside zoo.cfg, if it is newer. */
  constructor(
    committed: QuorumVerifier,
    lastSeen: QuorumVerifier | null,
    options: QuorumConfigsOptions,
    events: QuorumConfigsEvents,
  ) {
    this.options = options;
    this.events = events;
    this.ofCommitted = committed;
    const isPending = lastSeen !== null && options.isReconfigEnabled && isNewerConfig(lastSeen, committed);
    this.ofLastSeen = isPending ? lastSeen : committed;
    const { files, isReconfigEnabled, hasDynamicFile } = options;
    if (isReconfigEnabled && !hasDynamicFile && files !== null)
      this.write('keep a copy of zoo.cfg', () => files.backUpStatic());
  }

  get committed(): QuorumVerifier {
    return this.ofCommitted;
  }

  get lastSeen(): QuorumVerifier {
    return this.ofLastSeen;
  }

  rehearse(config: QuorumVerifier): void {
    this.options.files?.rehearseNext(config.toText());
  }

  seen(config: QuorumVerifier): void {
    if (!this.options.isReconfigEnabled || !isNewerConfig(config, this.ofLastSeen)) return;
    // The same members with a version: who forgets that asks the right ones all the same.
    if (config.equals(this.ofLastSeen)) this.write('name the members', () => this.writeNext(config));
    // File first: who acknowledges these members and forgets them may elect a leader without asking theirs.
    else this.writeNext(config);
    this.ofLastSeen = config;
    this.events.onChanged(false);
  }

  adopt(config: QuorumVerifier, epoch: number): void {
    if (!isNewerConfig(this.ofLastSeen, config)) {
      this.seen(config);
    } else if (this.options.isReconfigEnabled && this.ofLastSeen.versionHi < epoch) {
      const isPending = isNewerConfig(config, this.ofCommitted);
      if (isPending) this.writeNext(config);
      this.forgetFor(isPending ? config : this.ofCommitted);
    }
  }

  /**
   * Between two roles: members that were proposed in the present epoch by a transaction that did not get into this member's log,
   * which ends at that zxid. It has acknowledged them to nobody, and need not ask them who leads. Who holds members without a version
   * for committed has both from its operator: it was a member before, and the newer ones keep it from believing who has missed that.
   */
  forgetUnlogged(currentEpoch: number, endHi: number, endLo: number): void {
    if (!this.options.isReconfigEnabled) return;
    const { versionHi, versionLo } = this.ofLastSeen;
    const { committed } = this;
    const isGiven = committed.versionHi === 0 && committed.versionLo === 0;
    const isOfTxn = versionHi === currentEpoch && versionLo !== 0 && !isGiven;
    if (isOfTxn && compareSigned(versionHi, versionLo, endHi, endLo) > 0) this.forgetFor(this.ofCommitted);
    else if (this.isNextInDoubt) this.clearNext();
  }

  /** `known`: who is left to be asked; its file, if it has one, is written. */
  private forgetFor(known: QuorumVerifier): void {
    if (!isNewerConfig(this.ofLastSeen, known)) return;
    this.options.log.warn(
      `Proposed members of version ${versionText(this.ofLastSeen)} came to nothing: those of ${versionText(known)} count`,
    );
    this.ofLastSeen = known;
    this.clearNext();
    this.events.onChanged(false);
  }

  private writeNext(config: QuorumVerifier): void {
    this.isNextInDoubt = true;
    this.options.files?.writeNext(config.toText());
    this.isNextInDoubt = false;
  }

  /** Members that are still proposed stand in it as they should. */
  private clearNext(): void {
    if (isNewerConfig(this.ofLastSeen, this.ofCommitted)) return;
    this.write('forget proposed members', () => {
      this.options.files?.removeNext();
      this.isNextInDoubt = false;
    });
  }

  activate(config: QuorumVerifier, designatedLeader: number | null): boolean {
    const before = this.ofCommitted;
    if (!this.options.isReconfigEnabled || !isNewerConfig(config, before)) return false;
    this.ofCommitted = config;
    if (isNewerConfig(config, this.ofLastSeen)) this.ofLastSeen = config;
    this.writeCommitted(config);
    const areMembersOthers = !config.equals(before);
    const leader = this.events.currentLeader();
    this.tellOfClientAddress(before.member(this.options.myId), config.member(this.options.myId));
    this.events.onChanged(areMembersOthers);
    if (!areMembersOthers) return false;
    const { myId } = this.options;
    // Who is in no list follows as a participant without a vote.
    const isRoleOther = (config.member(myId)?.type === 'observer') !== (before.member(myId)?.type === 'observer');
    if (designatedLeader !== null) {
      const isMajor = isRoleOther || designatedLeader !== leader;
      if (isMajor) this.events.onAppointed(designatedLeader);
      return isMajor;
    }
    return isRoleOther || leader === null || !isSameVoter(before.member(leader), config.member(leader));
  }

  private tellOfClientAddress(before: QuorumMember | undefined, after: QuorumMember | undefined): void {
    const now = after?.client ?? null;
    if (now === null) return;
    const was = before?.client ?? null;
    const isSame =
      was === null
        ? String(now.port) === this.options.staticPairs.get('clientPort')
        : was.host === now.host && was.port === now.port;
    if (!isSame) this.events.onClientAddress(now.host, now.port);
  }

  private writeCommitted(config: QuorumVerifier): void {
    const { files, myId, staticPairs } = this.options;
    if (files === null) return;
    const version = { hi: config.versionHi, lo: config.versionLo };
    const hasClientAddress = (config.member(myId)?.client ?? null) !== null;
    this.write('write the committed members', () => {
      const path = files.writeCommitted(config.toText(), version);
      files.rewriteStatic(staticPairs, path, hasClientAddress);
      if (!isNewerConfig(this.ofLastSeen, config)) files.removeNext();
    });
  }

  /** What is committed stands in `.dynamic.next` as well, or was there before: a disk that refuses costs a copy, no more. */
  private write(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.options.log.error(`Cannot ${what} beside the configuration file`, { error });
    }
  }
}

/** A voter before and after, at the same quorum addresses. */
function isSameVoter(before: QuorumMember | undefined, after: QuorumMember | undefined): boolean {
  if (before?.type !== 'participant' || after?.type !== 'participant') return false;
  return hasSameQuorumAddresses(before, after);
}

function versionText({ versionHi, versionLo }: QuorumVerifier): string {
  return `0x${hex64(versionHi, versionLo)}`;
}
