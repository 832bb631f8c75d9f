/**
 * What a planner gets: the request in work, the changes before it, and the rules of this server. One object per prep stage,
 * filled anew for each request; planners keep nothing of it.
 *
 * A planner decodes its record from `body`, judges it against `changes` and appends the transaction's body to `txn`. It
 * returns Ok, the error that the client gets, or DECODE_FAILED. It changes nothing but `changes` (through `touch`), `txn`
 * and `txnType`.
 */

import { ErrorCode } from '../../protocol/error-code.js';
import { ClosedSessions } from '../../session/closed-sessions.js';
import type { LocalSessionRules } from '../../session/local-session-rules.js';
import { OWN_CLIENTS, type SessionOwners } from '../../session/session-owners.js';
import type { SessionTable } from '../../session/session-table.js';
import type { AclEntry, AclPolicy, Identity } from '../acl.js';
import { parseIdentities, parseStoredAcl } from '../acl.js';
import { ACL_UNRESOLVED, type ChangeRecord, type OutstandingChanges } from '../change-record.js';
import { RecentlyParsed } from '../recently-parsed.js';
import { RequestBody } from '../request-body.js';
import { ScratchBytes } from '../scratch-bytes.js';
import type { DigestPrediction } from './digest-prediction.js';
import type { QuotaCheck } from './quota-check.js';

/** The record does not decode: -5 without a transaction, no zxid is used (client-protocol 3.3). */
export const DECODE_FAILED = 1;

export interface PrepRequestRules {
  /** Top byte of the session ids given here. */
  readonly serverId: number;
  readonly extendedTypes: boolean;
  readonly reconfigEnabled: boolean;
  readonly localSessions: LocalSessionRules;
}

const NOBODY: readonly AclEntry[] = [{ perms: 0, scheme: 'world', id: 'anyone' }];

export class PrepRequest {
  readonly body = new RequestBody();
  readonly txn = new ScratchBytes(4096);
  readonly acl = new ScratchBytes(256);
  readonly path = new ScratchBytes(256);
  readonly changes: OutstandingChanges;
  readonly aclPolicy: AclPolicy;
  readonly extendedTypes: boolean;
  readonly reconfigEnabled: boolean;
  /** Null: quotas are not enforced. */
  readonly quotas: QuotaCheck | null;
  /** Null: digests are off. */
  readonly prediction: DigestPrediction | null;
  txnType = 0;
  /** -1: the session is not open. */
  slot = 0;
  /** The link by which the request came, 0 for one of this server's clients. */
  learner = 0;
  sessionHi = 0;
  sessionLo = 0;
  zxidHi = 0;
  zxidLo = 0;
  /** Of the transaction's header: milliseconds. */
  timeHi = 0;
  timeLo = 0;

  private readonly sessions: SessionTable;
  /** Null: there are no local sessions. */
  readonly closedSessions: ClosedSessions | null;
  private readonly serverId: number;
  /** Null: there are no learners. */
  private readonly owners: SessionOwners | null;
  private readonly lists = new RecentlyParsed(parseStoredAcl);
  private readonly people = new RecentlyParsed(parseIdentities);
  private identityBytes: Uint8Array = new Uint8Array(0);
  private identityOffset = 0;
  private identityLength = 0;
  private parsedIdentities: readonly Identity[] | null = null;

  constructor(
    changes: OutstandingChanges,
    aclPolicy: AclPolicy,
    sessions: SessionTable,
    owners: SessionOwners | null,
    rules: PrepRequestRules,
    quotas: QuotaCheck | null,
    prediction: DigestPrediction | null,
  ) {
    this.changes = changes;
    this.aclPolicy = aclPolicy;
    this.sessions = sessions;
    this.owners = owners;
    this.extendedTypes = rules.extendedTypes;
    this.reconfigEnabled = rules.reconfigEnabled;
    this.quotas = quotas;
    this.prediction = prediction;
    this.closedSessions = rules.localSessions.isEnabled ? new ClosedSessions() : null;
    this.serverId = rules.serverId;
  }

  setIdentities(bytes: Uint8Array, offset: number, length: number): void {
    this.identityBytes = bytes;
    this.identityOffset = offset;
    this.identityLength = length;
    this.parsedIdentities = null;
  }

  /** Parsed only when an ACL other than the open one has to be judged. */
  readonly identities = (): readonly Identity[] => {
    this.parsedIdentities ??= this.people.get(this.identityBytes, this.identityOffset, this.identityLength);
    return this.parsedIdentities;
  };

  /** Ok; SessionExpired once the session has begun to close (client-protocol 5.2 step 11); SessionMoved to who has it no more. */
  checkSession(): number {
    const { slot } = this;
    if (slot < 0 || !this.sessions.isOpen(slot, this.sessionHi, this.sessionLo)) {
      return this.mayBeLocalElsewhere() ? ErrorCode.Ok : ErrorCode.SessionExpired;
    }
    if (this.owners === null || this.owners.tryAdopt(slot, this.learner)) return ErrorCode.Ok;
    return ErrorCode.SessionMoved;
  }

  /** For what is the session's own, an ephemeral node: all servers must know the session (ensemble-protocol 7.4). */
  checkGlobalSession(): number {
    const error = this.checkSession();
    if (error !== ErrorCode.Ok || this.closedSessions === null) return error;
    if (this.slot < 0) return ErrorCode.SessionExpired;
    return this.sessions.isUnlogged(this.slot) ? ErrorCode.EphemeralOnLocalSession : ErrorCode.Ok;
  }

  /** The session of a learner that forwards for it, which is alone in knowing it; ids of its own this server knows. */
  private mayBeLocalElsewhere(): boolean {
    const { closedSessions, sessionHi, sessionLo } = this;
    if (closedSessions === null || this.learner === OWN_CLIENTS) return false;
    return sessionHi >>> 24 !== (this.serverId & 0xff) && !closedSessions.has(sessionHi, sessionLo);
  }

  /** Ok or NoAuth. */
  checkAcl(node: ChangeRecord, permission: number): number {
    if (node.aclLength === 0) return ErrorCode.Ok;
    const acl = node.aclLength === ACL_UNRESOLVED ? NOBODY : this.lists.get(node.acl, 0, node.aclLength);
    return this.aclPolicy.allows(acl, permission, this.identities()) ? ErrorCode.Ok : ErrorCode.NoAuth;
  }
}
