/**
 * Looks on a member's actors and disk and tells the records of the ensemble what happens there: what is appended, synced and
 * applied, what its epochs are on the disk, when it serves. Handlers are wrapped, never changed; facts are told before the actor
 * acts on what it was given, except where the doing is the fact.
 */
import type { Actor } from '../../../src/actor/actor.js';
import { decodeUtf8 } from '../../../src/base/utf8.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import type { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import {
  FLAG_UNLOGGED,
  PIPELINE_HEADER_BYTES,
  RecordType,
  ServerRole,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_OP,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { ActorKind } from '../../../src/server/standalone-topology.js';
import type { QuorumConfigs } from '../../../src/zab/quorum-configs.js';
import type { LoggedTxn, LogObserver } from '../../testing/inline/recorded-log.js';
import type { CommittedTxn } from '../history/history.js';
import type { EnsembleRecord } from '../invariants/ensemble-record.js';
import { epochOf, hashOf, zxidNumber } from '../invariants/txn-history.js';

export interface WatchEvents {
  txnSeen(zxid: number, txn: CommittedTxn): void;
  serves(sid: number, role: ServerRole | null): void;
  /** What it has read from its files; and what it holds for committed from now on. */
  configsRead(sid: number, configs: QuorumConfigs): void;
  configCommitted(sid: number, config: QuorumVerifier): void;
  line(sid: number, text: string): void;
}

type Handler = (type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number) => void;

const VERSION_2 = '/data/version-2';

export class MemberWatch implements LogObserver {
  private readonly sid: number;
  private readonly record: EnsembleRecord;
  private readonly disk: SimFileStore;
  private readonly events: WatchEvents;
  private areEpochsDirty = true;

  constructor(sid: number, record: EnsembleRecord, disk: SimFileStore, events: WatchEvents) {
    this.sid = sid;
    this.record = record;
    this.disk = disk;
    this.events = events;
  }

  /** The process is no more. */
  gone(): void {
    this.record.crashed(this.sid);
  }

  // ---- the disk

  /** Before each call: what the one before it did is done. */
  onDiskCall(name: string, path: string): void {
    if (this.areEpochsDirty) this.readEpochs();
    if (name === 'rename' && path.includes('Epoch')) this.areEpochsDirty = true;
  }

  /** What the disk says now, for whoever is about to hold a promise against it. */
  readEpochs(): void {
    const accepted = this.numberIn('acceptedEpoch');
    const current = this.numberIn('currentEpoch');
    const member = this.record.member(this.sid);
    if (accepted === member.acceptedEpoch && current === member.currentEpoch) return;
    this.record.epochsOnDisk(this.sid, accepted, current);
    this.events.line(this.sid, `epochs on disk: accepted ${accepted}, current ${current}`);
  }

  /** 0 while the file, or the directory, is not there. */
  private numberIn(name: string): number {
    const bytes = this.disk.durableBytes(VERSION_2, name);
    return bytes === null || bytes.length === 0 ? 0 : Number(decodeUtf8(bytes, 0, bytes.length));
  }

  // ---- the log

  appended(txn: LoggedTxn): void {
    const { entry, zxid } = txn;
    const number = Number(zxid);
    this.noteTxn(number, entry);
    this.record.appended(this.sid, number, hashOf(entry, 0, entry.length));
  }

  committed(): void {
    this.readEpochs();
    this.record.synced(this.sid);
  }

  // ---- the actors

  onActor(kind: string, actor: Actor): void {
    switch (kind) {
      case ActorKind.sync:
        this.wrap(actor, 'prep', (type, bytes, words, offset) => this.beforeSync(type, bytes, words, offset));
        break;
      case ActorKind.commit:
        this.wrap(actor, 'quorum-peer', (type, _bytes, words, offset) => {
          if (type === RecordType.committed) this.record.toldToApply(this.sid, zxidIn(words, offset));
        });
        this.wrap(actor, 'sync', (type) => {
          if (type === RecordType.settle) this.record.settling(this.sid, true);
        });
        break;
      case ActorKind.final:
        this.wrap(
          actor,
          'sync',
          (type, bytes, words, offset) => this.beforeFinal(type, bytes, words, offset),
          (type, words, offset) => this.afterFinal(type, words, offset),
        );
        break;
      case ActorKind.quorumPeer:
        this.wrap(actor, 'final', (_type, _bytes, words, offset) => this.onDone(words, offset));
        this.watchConfigs((actor as unknown as { configs: QuorumConfigs }).configs);
        break;
    }
  }

  private watchConfigs(configs: QuorumConfigs): void {
    this.events.configsRead(this.sid, configs);
    const activate = configs.activate.bind(configs);
    configs.activate = (config, designatedLeader) => {
      const isMajor = activate(config, designatedLeader);
      // Behind the moment at which its machine stops it holds nothing any more.
      if (!this.disk.hasStopped) {
        this.readEpochs();
        this.events.configCommitted(this.sid, configs.committed);
      }
      return isMajor;
    };
  }

  private beforeSync(type: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    const { record, sid } = this;
    if (type === RecordType.truncate) record.truncating(sid, zxidIn(words, offset));
    else if (type === RecordType.snapBegin) record.snapBegun(sid, zxidIn(words, offset));
    else if (type === RecordType.txn && (flagsIn(words, offset) & FLAG_UNLOGGED) !== 0) {
      const at = offset + PIPELINE_HEADER_BYTES;
      const length = words[(offset >> 2) + WORD_LENGTH_A] as number;
      this.noteTxn(zxidIn(words, offset), bytes.subarray(at, at + length));
      record.passedUnlogged(sid, zxidIn(words, offset), hashOf(bytes, at, length));
    }
  }

  private beforeFinal(type: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    const { record, sid } = this;
    if (type === RecordType.txn) {
      const length = words[(offset >> 2) + WORD_LENGTH_A] as number;
      record.applied(sid, zxidIn(words, offset), hashOf(bytes, offset + PIPELINE_HEADER_BYTES, length));
    } else if (type === RecordType.snapSave) record.snapSaving(sid);
    else if (type === RecordType.serve) {
      const role = words[(offset >> 2) + WORD_OP] as ServerRole;
      this.readEpochs();
      if (role === ServerRole.leader) record.established(sid, epochOf(zxidIn(words, offset)));
      record.serving(sid, role !== ServerRole.readOnly);
      this.events.serves(sid, role);
    } else if (type === RecordType.halt) {
      record.serving(sid, false);
      this.events.serves(sid, null);
    }
  }

  private afterFinal(type: number, _words: Int32Array, _offset: number): void {
    if (type === RecordType.settle) this.record.settling(this.sid, false);
  }

  private onDone(words: Int32Array, offset: number): void {
    const { record, sid } = this;
    const error = words[(offset >> 2) + WORD_ERROR] as number;
    const zxid = zxidIn(words, offset);
    switch (words[(offset >> 2) + WORD_OP]) {
      case RecordType.loaded: {
        const isAllDurable = this.disk.unsynced().every(({ path }) => !path.includes('/log.'));
        this.readEpochs();
        record.started(sid, zxid, isAllDurable);
        break;
      }
      case RecordType.settle:
        if (error === 0) record.settled(sid, zxid);
        break;
      case RecordType.truncate:
        if (error === 0) record.truncated(sid, zxid);
        break;
      case RecordType.snapSave:
        if (error === 0) record.snapSaved(sid);
        break;
    }
  }

  private noteTxn(zxid: number, entry: Uint8Array): void {
    const view = new DataView(entry.buffer, entry.byteOffset, entry.length);
    const type = view.getInt32(28);
    this.events.txnSeen(zxid, {
      zxid: BigInt(zxid),
      session: view.getBigInt64(0),
      cxid: view.getInt32(8),
      type,
      err: type === OpCode.error ? view.getInt32(32) : type === OpCode.multi ? refusalOfMulti(view) : 0,
    });
  }

  private wrap(
    actor: Actor,
    inbox: string,
    before: (type: number, bytes: Uint8Array, words: Int32Array, offset: number) => void,
    after?: (type: number, words: Int32Array, offset: number) => void,
  ): void {
    const inboxes = actor.inboxes as Record<string, Handler>;
    const handler = inboxes[inbox];
    inboxes[inbox] = (type, bytes, words, offset, length) => {
      before(type, bytes, words, offset);
      handler(type, bytes, words, offset, length);
      after?.(type, words, offset);
    };
  }
}

/** SessionMoved, if that is why nothing of the multi was done: its transaction is a multi all the same. 0: anything else. */
function refusalOfMulti(view: DataView): number {
  let at = 32;
  let left = view.getInt32(at);
  for (at += 4; left > 0; left--) {
    const type = view.getInt32(at);
    const length = view.getInt32(at + 4);
    if (type === OpCode.error && view.getInt32(at + 8) === ErrorCode.SessionMoved) return ErrorCode.SessionMoved;
    at += 8 + Math.max(length, 0);
  }
  return 0;
}

function zxidIn(words: Int32Array, offset: number): number {
  const at = offset >> 2;
  return zxidNumber(words[at + WORD_ZXID_HI] as number, words[at + WORD_ZXID_LO] as number);
}

function flagsIn(words: Int32Array, offset: number): number {
  return words[(offset >> 2) + WORD_FLAGS] as number;
}
