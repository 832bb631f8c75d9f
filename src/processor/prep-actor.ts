/**
 * prep: the first stage of every role, and the only one that takes requests of clients. It has the mailboxes and knows which
 * role it is; what becomes of a request says the class of that role.
 *
 *   standalone, leader     prep-request-processor.ts        decides
 *   follower, observer     learner-request-processor.ts     forwards
 *   read-only              read-only-request-processor.ts   refuses writes
 *   no role                here: every request goes back
 *
 * Lives on one thread (on the main one in `compact`). Never touches a file or a socket.
 *
 *   connections.k --request | echo--> [prep] --txn | request | pass | echo--> sync, or quorum-peer
 *   connections.k --fence--> [prep] --fence--> quorum-peer
 *   session-tracker, container-manager --request--> [prep]
 *   quorum-peer --request (of a learner) | touch | halt | judged--> [prep] --halt | judge--> quorum-peer
 *   restorer --restore--> [prep] --restore--> sync          from then on it takes nothing, until
 *   final --serving--> [prep]            when recovery is done, after each restore, and at the beginning of each role
 *   final --refused--> [prep]            a local session that has found no room
 *
 * Between halt and serving, requests of the old role go back as lost. A shard that has sent its fence sends nothing until it has been
 * told `serving`, and prep was told before it: so a request behind a fence means that there is something to hear from final first.
 * A `serving` of a role that was halted meanwhile is known by its number of halts.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { RecordHandler } from '../actor/mailbox/mailbox.js';
import { assert } from '../base/assert.js';
import { ErrorCode } from '../protocol/error-code.js';
import { SessionIds } from '../session/session-id.js';
import type { SessionTable } from '../session/session-table.js';
import type { TreeReader } from '../store/tree-reader.js';
import type { AclPolicy } from './acl.js';
import { LearnerRequestProcessor } from './learner-request-processor.js';
import { LineSender } from './line-sender.js';
import {
  FLAG_REPLACED,
  PIPELINE_HEADER_BYTES,
  RecordType,
  ServerRole,
  WORD_ARRIVED,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_HALT_COUNT,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_OP,
  WORD_SHARD,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from './pipeline-records.js';
import { PrepMeasures } from './prep/prep-measures.js';
import type { RoleRequests } from './prep/role-requests.js';
import { PrepRequestProcessor, type PrepRules } from './prep-request-processor.js';
import { ReadOnlyRequestProcessor } from './read-only-request-processor.js';
import { StampedStage, StampWriter } from './stage-stamps.js';

export interface PrepOptions extends PrepRules {
  /** 32 random bits, other ones at each start. */
  readonly chance: number;
  /** Of an ensemble: there are roles, and a quorum peer that says which. */
  readonly isMember?: boolean;
}

export class PrepActor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  /** What final says finishes recovery; were it to wait for room further down, the circle of mailboxes could stand still. */
  readonly alwaysDrains = ['final'] as const;

  private readonly context: ActorContext;
  private readonly stamps: StampWriter;
  private readonly line: LineSender;
  private readonly isMember: boolean;
  private readonly measures: PrepMeasures;
  private readonly decider: PrepRequestProcessor;
  private readonly learner: LearnerRequestProcessor;
  private readonly readOnly: ReadOnlyRequestProcessor;
  /** Null: before recovery is done, while a restore is on its way, and between two roles. */
  private role: RoleRequests | null = null;
  /** As a 32-bit count. */
  private haltCount = 0;
  /** Shards that have nothing of the old role on its way. */
  private readonly fenced = new Set<number>();

  constructor(
    context: ActorContext,
    tree: TreeReader,
    sessions: SessionTable,
    aclPolicy: AclPolicy,
    options: PrepOptions,
  ) {
    this.context = context;
    this.stamps = new StampWriter(context.shared, StampedStage.decided);
    const isMember = options.isMember ?? false;
    this.isMember = isMember;
    const line = new LineSender(context.outbox('sync'));
    this.line = line;
    const sessionIds = new SessionIds(options.serverId, context.clock.wallMs(), options.chance);
    this.measures = new PrepMeasures(context);
    this.decider = new PrepRequestProcessor(
      context,
      line,
      tree,
      sessions,
      sessionIds,
      aclPolicy,
      options,
      isMember,
      this.measures,
    );
    this.learner = new LearnerRequestProcessor(context, line, sessions, sessionIds, options.localSessions);
    this.readOnly = new ReadOnlyRequestProcessor(context, line, sessions, sessionIds);
    this.inboxes = { final: this.onFinal };
    if (isMember) {
      this.inboxes['quorum-peer'] = (type, bytes, words, offset, length) =>
        this.onQuorumPeer(type, bytes, words, offset, length);
    }
    for (const name of context.inboxNames('connections')) {
      this.inboxes[name] = (type, bytes, words, offset, length) => this.onClient(type, bytes, words, offset, length);
    }
    const onOwnWish: RecordHandler = (type, bytes, words, offset, length) => {
      // They look at tree and sessions, which are whole a moment before this stage hears of it; they will find the same again.
      this.measures.requests++;
      this.role?.onRequest(type, bytes, words, offset, length);
    };
    this.inboxes['session-tracker'] = onOwnWish;
    this.inboxes['container-manager'] = onOwnWish;
    // The last one, so that nothing of the same turn comes behind it.
    this.inboxes.restorer = (_type, bytes, words, offset, length) => this.onRestore(bytes, words, offset, length);
  }

  /** What final says is taken all the same, and with it comes the next turn. A member gives back what it cannot take. */
  mayTake(): boolean {
    return this.isMember || this.role !== null;
  }

  onBatchEnd(): void {
    this.role?.onBatchEnd?.();
  }

  onMeasured(records: number, tookMs: number, nowMs: number): void {
    const { role, decider } = this;
    if (role === null || records === 0) return;
    this.measures.onBatch(tookMs, role === this.learner);
    if (role === decider) this.stamps.add(decider.decidedHi, decider.decidedLo, nowMs - tookMs, nowMs);
  }

  private readonly onFinal: RecordHandler = (type, _bytes, words, offset) => {
    if (type === RecordType.refused) this.learner.onRefused(words, offset >> 2);
    else this.onServing(words, offset >> 2);
  };

  private onServing(words: Int32Array, header: number): void {
    if (this.isMember && words[header + WORD_HALT_COUNT] !== this.haltCount) return;
    assert(this.role === null, 'prep serves already');
    const { decider } = this;
    // A restore that came to nothing has changed nothing.
    if (words[header + WORD_ERROR] !== ErrorCode.Ok) {
      this.role = decider;
      return;
    }
    if (((words[header + WORD_FLAGS] as number) & FLAG_REPLACED) !== 0) this.forgetWishes();
    const role = this.roleOf(words[header + WORD_OP] as number);
    role.begin(words[header + WORD_ZXID_HI] as number, words[header + WORD_ZXID_LO] as number);
    this.role = role;
    if (role !== this.decider) return;
    const nowMs = this.context.clock.monotonicMs();
    this.stamps.add(this.decider.decidedHi, this.decider.decidedLo, nowMs);
  }

  private roleOf(role: number): RoleRequests {
    switch (role) {
      case ServerRole.standalone:
      case ServerRole.leader:
        return this.decider;
      case ServerRole.follower:
      case ServerRole.observer:
        return this.learner;
      default:
        assert(role === ServerRole.readOnly, 'a role that is one');
        return this.readOnly;
    }
  }

  /**
   * Everything was drained before the database was replaced. What tracker and container manager have found they found in the
   * old one; they will find in this one what there is.
   */
  private forgetWishes(): void {
    for (const name of ['session-tracker', 'container-manager']) {
      this.context.inbox(name).drain(() => {}, Number.MAX_SAFE_INTEGER);
    }
  }

  private onRestore(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    assert(!this.isMember && this.role !== null, 'a standalone server that serves is restored');
    this.decider.onRestore(bytes, words, offset, length);
    this.role = null;
  }

  private onClient(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    if (this.isMember && !this.isServed(type, bytes, words, offset, length)) return;
    assert(this.role !== null, 'a request came before recovery was done');
    this.measures.requests++;
    if (type === RecordType.request && this.role !== this.learner) {
      this.measures.onRequest(words[(offset >> 2) + WORD_ARRIVED] as number);
    }
    this.role.onRequest(type, bytes, words, offset, length);
  }

  /** Whether the record is for the present role; what is not is dealt with. */
  private isServed(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): boolean {
    const header = offset >> 2;
    const shard = words[header + WORD_SHARD] as number;
    if (type === RecordType.fence) {
      this.fenced.add(shard);
      this.line.passOn(type, bytes, offset, length);
      return false;
    }
    if (this.role !== null) return true;
    if (this.fenced.has(shard)) this.hearFinal();
    if (this.role !== null) return true;
    this.line.giveBack(words, header);
    return false;
  }

  private onQuorumPeer(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    if (type === RecordType.halt) {
      this.role = null;
      this.haltCount = (this.haltCount + 1) | 0;
      this.fenced.clear();
      this.decider.giveBackHeld();
      this.line.passOn(type, bytes, offset, length);
      return;
    }
    if (this.role === null) this.hearFinal();
    // Who leads no more has no learners; they ask the next leader.
    if (this.role !== this.decider) return;
    if (type === RecordType.touch) {
      const header = offset >> 2;
      this.decider.onTouch(bytes, offset + PIPELINE_HEADER_BYTES, words[header + WORD_LENGTH_A] as number);
      return;
    }
    if (type === RecordType.judged) {
      this.decider.onJudged(bytes, words, offset);
      return;
    }
    assert((words[(offset >> 2) + WORD_LEARNER] as number) > 0, 'the quorum peer sends what learners ask');
    this.measures.requests++;
    this.decider.onRequest(type, bytes, words, offset, length);
  }

  /** Whoever is served has been told so behind this stage, so by now its word is here. */
  private hearFinal(): void {
    this.context.inbox('final').drain(this.onFinal, Number.MAX_SAFE_INTEGER);
  }
}
