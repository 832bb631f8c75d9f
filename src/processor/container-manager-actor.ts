/**
 * The shell of ContainerManager: every checkIntervalMs a round over all containers and TTL nodes, and for each one that may
 * go a deleteContainer to prep, no more of them than maxPerMinute.
 *
 * Lives on the main thread. A round is worked off in slices, one per tick, so that a million TTL nodes keep nobody waiting.
 * It does not follow up: prep decides, and what was refused is found again in the next round. In a member of an ensemble it works
 * only while the server leads.
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { copyBytes, writeInt32 } from '../base/bytes.js';
import { decodeUtf8 } from '../base/utf8.js';
import { OpCode } from '../protocol/op-code.js';
import type { TreeReader } from '../store/tree-reader.js';
import { ContainerManager, type ContainerRules } from './container-manager.js';
import {
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  ServerRole,
  WORD_CONNECTION,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SHARD,
  WORD_SLOT,
} from './pipeline-records.js';

export interface ContainerManagerOptions extends ContainerRules {
  readonly checkIntervalMs: number;
  readonly maxPerMinute: number;
}

const MINUTE_MS = 60_000;
/** Between rounds: how late one may begin. Shared with other actors' ticks, so that it wakes nobody. */
const IDLE_TICK_MS = 1000;
const BUSY_TICK_MS = 20;
/** Half a millisecond when nothing of it is in a cache, so a million nodes take a third of the usual interval. */
const LOOKS_PER_TICK = 1024;
const SENDS_PER_TICK = 256;
/** Asked for before a candidate is looked for; a longer path goes beside the mailbox. */
const ROOM_BYTES = 1024;

export class ContainerManagerActor implements Actor {
  readonly inboxes: Record<string, RecordHandler> = {};

  private readonly context: ActorContext;
  private readonly options: ContainerManagerOptions;
  private readonly manager: ContainerManager;
  private readonly toPrep: MailboxSender;
  private readonly isMember: boolean;
  /** Between two of them, as ZooKeeper's integer division has it. */
  private readonly sendIntervalMs: number;
  private roundNextMs = Number.POSITIVE_INFINITY;
  private sendNextMs = 0;
  private isBusy = false;

  constructor(context: ActorContext, tree: TreeReader, options: ContainerManagerOptions, isMember = false) {
    this.context = context;
    this.options = options;
    this.isMember = isMember;
    if (isMember) {
      this.inboxes.final = (type, _bytes, words, offset) => {
        const leads = type === RecordType.serving && words[(offset >> 2) + WORD_OP] === ServerRole.leader;
        this.roundNextMs = leads ? context.clock.monotonicMs() + options.checkIntervalMs : Number.POSITIVE_INFINITY;
        this.isBusy = false;
      };
    }
    this.manager = new ContainerManager(tree, options);
    this.toPrep = context.outbox('prep');
    this.sendIntervalMs = Math.floor(MINUTE_MS / options.maxPerMinute);
  }

  /** Asked at the beginning of each tick, for the one behind it. */
  get tickMs(): number {
    const isBusy = this.isBusy || this.context.clock.monotonicMs() >= this.roundNextMs;
    return isBusy ? BUSY_TICK_MS : Math.min(this.options.checkIntervalMs, IDLE_TICK_MS);
  }

  onStart(): void {
    const { checkIntervalMs, maxPerMinute, maxNeverUsedIntervalMs } = this.options;
    this.context.log.info(
      `Using checkIntervalMs=${checkIntervalMs} maxPerMinute=${maxPerMinute} maxNeverUsedIntervalMs=${maxNeverUsedIntervalMs}`,
    );
    if (!this.isMember) this.roundNextMs = this.context.clock.monotonicMs() + checkIntervalMs;
  }

  onTick(nowMs: number): void {
    if (!this.isBusy) {
      if (nowMs < this.roundNextMs) return;
      this.roundNextMs = Math.max(this.roundNextMs + this.options.checkIntervalMs, nowMs);
      this.manager.beginRound();
      this.isBusy = true;
    }
    this.workOn(nowMs);
    this.isBusy = !this.manager.isOver;
  }

  private workOn(nowMs: number): void {
    const { manager } = this;
    const wallMs = this.context.clock.wallMs();
    manager.looksLeft = LOOKS_PER_TICK;
    for (let sends = 0; sends < SENDS_PER_TICK; sends++) {
      if (this.sendNextMs > nowMs || !this.toPrep.hasRoom(ROOM_BYTES)) return;
      if (!manager.findNext(wallMs)) return;
      this.send();
      // What a tick could not send is made up for in the next, but not what there was nothing to send.
      this.sendNextMs = Math.max(this.sendNextMs, nowMs - BUSY_TICK_MS) + this.sendIntervalMs;
    }
  }

  private send(): void {
    const { path, version } = this.manager;
    this.context.log.info(
      `Attempting to delete candidate container: ${JSON.stringify(decodeUtf8(path.bytes, 0, path.length))}`,
    );
    const bodyLength = 8 + path.length;
    const out = this.toPrep;
    out.claim(RecordType.request, PIPELINE_HEADER_BYTES + bodyLength);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_SHARD] = -1;
    out.words[at + WORD_CONNECTION] = -1;
    out.words[at + WORD_SLOT] = -1;
    out.words[at + WORD_OP] = OpCode.deleteContainer;
    out.words[at + WORD_LENGTH_B] = bodyLength;
    const body = out.offset + PIPELINE_HEADER_BYTES;
    writeInt32(out.bytes, body, path.length);
    copyBytes(path.bytes, 0, out.bytes, body + 4, path.length);
    writeInt32(out.bytes, body + 4 + path.length, version);
    out.commit();
  }
}
