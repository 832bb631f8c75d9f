/**
 * PrepRequestProcessor: decides. Judges each request against the tree plus all that was decided before, gives every write its
 * zxid and turns it into a transaction; opens and closes sessions. The class behind prep's actor (prep-actor.ts) in a standalone
 * server and in a leader, where requests of the learners come in by the same door.
 *
 *   onRequest --> held, while one is judged      prep/judged-requests.ts
 *             --> one of a session               prep/session-requests.ts
 *             --> a write                        prep/plan-write.ts, and a planner per operation
 *             --> all others keep their place        both write down the line: prep/decided-line.ts
 *
 * Owns these and the outstanding changes; lives on one thread (on the main one in `compact`). It reads the tree only through its
 * reader, never writes it, never touches a file or a socket, and never answers a client: everything, refusals included, goes
 * down the pipeline in order.
 *
 * What a learner has forwarded is a transaction, whatever is wrong with it: the learner waits for one.
 */

import type { ActorContext } from '../actor/actor.js';
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import { Fifo } from '../base/fifo.js';
import { compareUnsigned } from '../base/int64.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { LocalSessionRules } from '../session/local-session-rules.js';
import type { SessionIds } from '../session/session-id.js';
import { OWN_CLIENTS, SessionOwners } from '../session/session-owners.js';
import type { SessionTable } from '../session/session-table.js';
import type { TreeReader } from '../store/tree-reader.js';
import type { AclPolicy } from './acl.js';
import { OutstandingChanges } from './change-record.js';
import type { LineSender } from './line-sender.js';
import {
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_ERROR,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SLOT,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from './pipeline-records.js';
import { CloseSessionPlanner } from './prep/close-session.js';
import { DecidedLine } from './prep/decided-line.js';
import { DigestPrediction } from './prep/digest-prediction.js';
import { JudgedRequests } from './prep/judged-requests.js';
import { isWrite, planWrite } from './prep/plan-write.js';
import type { PrepMeasures } from './prep/prep-measures.js';
import { DECODE_FAILED, PrepRequest, type PrepRequestRules } from './prep/prep-request.js';
import { QuotaCheck } from './prep/quota-check.js';
import { planMembers, planReconfig } from './prep/reconfig.js';
import type { RoleRequests } from './prep/role-requests.js';
import { SessionRequests } from './prep/session-requests.js';

export interface PrepRules extends PrepRequestRules {
  readonly closeSessionListsPaths: boolean;
  readonly enforceQuota: boolean;
  /** Transactions carry the tree digest that they lead to. */
  readonly digestEnabled: boolean;
}

export class PrepRequestProcessor implements RoleRequests {
  private readonly tree: TreeReader;
  private readonly line: LineSender;
  private readonly measures: PrepMeasures;
  private readonly changes: OutstandingChanges;
  private readonly request: PrepRequest;
  private readonly decided: DecidedLine;
  private readonly sessions: SessionRequests;
  private readonly judged: JudgedRequests;
  private readonly isMember: boolean;
  private readonly localSessions: LocalSessionRules;
  private freshBatch = true;

  constructor(
    context: ActorContext,
    line: LineSender,
    tree: TreeReader,
    sessions: SessionTable,
    sessionIds: SessionIds,
    aclPolicy: AclPolicy,
    rules: PrepRules,
    isMember: boolean,
    measures: PrepMeasures,
  ) {
    this.measures = measures;
    this.line = line;
    this.tree = tree;
    this.isMember = isMember;
    this.localSessions = rules.localSessions;
    this.changes = new OutstandingChanges(tree, new Fifo(), rules.digestEnabled);
    const owners = isMember ? new SessionOwners() : null;
    const quotas = rules.enforceQuota ? new QuotaCheck(tree, context) : null;
    const prediction = rules.digestEnabled ? new DigestPrediction(this.changes) : null;
    const request = new PrepRequest(this.changes, aclPolicy, sessions, owners, rules, quotas, prediction);
    this.request = request;
    this.decided = new DecidedLine(line, request, context.clock);
    this.judged = new JudgedRequests(line);
    this.sessions = new SessionRequests(
      context,
      line,
      this.decided,
      request,
      new CloseSessionPlanner(tree, request, rules.closeSessionListsPaths),
      sessions,
      sessionIds,
      rules.localSessions,
      owners,
      measures,
    );
  }

  /** The zxid of the last transaction decided. */
  get decidedHi(): number {
    return this.decided.zxidHi;
  }

  get decidedLo(): number {
    return this.decided.zxidLo;
  }

  /** Everything that was outstanding is over: applied, or never was. */
  begin(zxidHi: number, zxidLo: number): void {
    this.decided.begin(zxidHi, zxidLo);
    this.changes.clear();
    this.takeDigest();
    this.sessions.begin();
    this.freshBatch = true;
  }

  onBatchEnd(): void {
    this.freshBatch = true;
    this.measures.onBatchEnd(this.changes);
  }

  /** Gives the restore a zxid that is above everything, old and new. */
  onRestore(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const header = offset >> 2;
    let zxidHi = words[header + WORD_ZXID_HI] as number;
    let zxidLo = words[header + WORD_ZXID_LO] as number;
    const { decided } = this;
    if (compareUnsigned(decided.zxidHi, decided.zxidLo, zxidHi, zxidLo) > 0) {
      zxidHi = decided.zxidHi;
      zxidLo = decided.zxidLo;
    }
    zxidLo = (zxidLo + 1) | 0;
    if (zxidLo === 0) zxidHi = (zxidHi + 1) | 0;
    words[header + WORD_ZXID_HI] = zxidHi;
    words[header + WORD_ZXID_LO] = zxidLo;
    this.line.passOn(RecordType.restore, bytes, offset, length);
  }

  /** Sessions that a learner has heard of since it was asked last. */
  onTouch(bytes: Uint8Array, offset: number, length: number): void {
    this.sessions.onTouch(bytes, offset, length);
  }

  /** The tree's own, once for each database: nothing is on its way now, and from here on this stage knows it. */
  private takeDigest(): void {
    const { tree } = this;
    for (;;) {
      const sequence = tree.begin();
      const hi = tree.treeDigestHi();
      const lo = tree.treeDigestLo();
      if (sequence < 0 || !tree.valid(sequence)) continue;
      this.changes.digest.set(hi, lo);
      return;
    }
  }

  onRequest(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    if (this.freshBatch) {
      this.freshBatch = false;
      this.forgetApplied();
    }
    if (this.judged.isWaiting) {
      this.judged.hold(type, bytes, offset, length);
      return;
    }
    if (type === RecordType.echo) {
      this.line.passOn(type, bytes, offset, length);
      return;
    }
    const header = offset >> 2;
    this.take(bytes, words, offset);
    if (this.localSessions.isEnabled && this.sessions.tryDecideOwn(bytes, words, offset, length)) return;
    const op = words[header + WORD_OP] as number;
    if (isWrite(op)) {
      if (op === OpCode.reconfig && this.mustBeJudged()) {
        this.judged.ask(type, bytes, offset, length);
        return;
      }
      this.write(op, words, header);
    } else if (!this.sessions.tryDecide(op, bytes, words, offset, length)) {
      this.keepPlace(op, bytes, words, offset, length);
    }
  }

  /** Reads behind writes, sync, ping: they only keep their place. What else a learner sends, it waits for. */
  private keepPlace(op: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    if (this.request.learner === OWN_CLIENTS || op === OpCode.sync) {
      this.line.passOn(RecordType.pass, bytes, offset, length);
      return;
    }
    this.decided.nextZxid();
    this.decided.sendError(words, offset >> 2, ErrorCode.Unimplemented);
  }

  /** The record becomes the request in work. */
  private take(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const partA = offset + PIPELINE_HEADER_BYTES;
    const partB = partA + (words[header + WORD_LENGTH_A] as number);
    const { request } = this;
    request.body.begin(bytes, partB, words[header + WORD_LENGTH_B] as number);
    request.setIdentities(bytes, partA, partB - partA);
    request.slot = words[header + WORD_SLOT] as number;
    request.sessionHi = words[header + WORD_SESSION_HI] as number;
    request.sessionLo = words[header + WORD_SESSION_LO] as number;
    request.learner = words[header + WORD_LEARNER] as number;
    if (request.learner !== OWN_CLIENTS)
      request.slot = this.sessions.globalSlotOf(request.sessionHi, request.sessionLo);
  }

  /** A reconfig in work: nothing is wrong with it that this stage could see. If it is not so, it can be planned once more. */
  private mustBeJudged(): boolean {
    const { request } = this;
    if (!this.isMember) return false;
    const { position } = request.body;
    const isPlanned = planReconfig(request) === ErrorCode.Unimplemented;
    request.body.position = position;
    request.body.failed = false;
    return isPlanned;
  }

  /** The quorum peer has said what the members are to be, or that they stay; then what was held goes on. */
  onJudged(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const { judged, request } = this;
    const answer = offset >> 2;
    const text = offset + PIPELINE_HEADER_BYTES + (words[answer + WORD_LENGTH_A] as number);
    this.take(judged.bytes, judged.words, judged.offset);
    this.decided.nextZxid();
    request.txn.reset();
    const refused = words[answer + WORD_ERROR] as number;
    const error =
      refused === ErrorCode.Ok ? planMembers(request, bytes, text, words[answer + WORD_LENGTH_B] as number) : refused;
    const asked = judged.offset >> 2;
    if (error === ErrorCode.Ok) this.decided.send(judged.words, asked, error);
    else this.decided.sendError(judged.words, asked, error);
    judged.drop(this.onHeld);
  }

  private readonly onHeld: RecordHandler = (type, bytes, words, offset, length) => {
    this.onRequest(type, bytes, words, offset, length);
  };

  /** The role is over. */
  giveBackHeld(): void {
    this.judged.giveBack();
  }

  private write(op: number, words: Int32Array, header: number): void {
    const { decided, request } = this;
    decided.nextZxid();
    request.txn.reset();
    const error = planWrite(request, op);
    if (error === ErrorCode.Ok) decided.send(words, header, error);
    else if (error !== DECODE_FAILED) decided.sendError(words, header, error);
    else if (request.learner === OWN_CLIENTS) decided.refuse(words, header, ErrorCode.MarshallingError);
    else decided.sendError(words, header, ErrorCode.MarshallingError);
  }

  /** Once per batch: what the tree has applied is no longer outstanding. */
  private forgetApplied(): void {
    const tree = this.tree;
    const sequence = tree.begin();
    const zxidHi = tree.zxidHi();
    const zxidLo = tree.zxidLo();
    if (sequence < 0 || !tree.valid(sequence)) return;
    this.changes.forget(zxidHi, zxidLo);
    this.sessions.releaseClosed(zxidHi, zxidLo);
  }
}
