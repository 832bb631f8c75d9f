/**
 * A learner's part of synchronization (ensemble-protocol 5.7): from the packet that says how, to the one that says that the
 * leader's state is here.
 *
 *   DIFF   transactions are logged, and applied as they are committed                  everything is durable      \
 *   TRUNC  log and tree go back, then as DIFF                                           everything is durable       > currentEpoch, ACK
 *   SNAP   the tree is replaced, committed transactions are applied without the log     its snapshot is durable    /
 *          first packet                                                      NEWLEADER                                    UPTODATE
 *
 * The order behind NEWLEADER is the point: data on the disk, then the epoch, then the acknowledgement (ZOOKEEPER-3911, 4643, 4646,
 * 4785). Until that is done nothing more is read. Owned by the learner, on the quorum peer's thread.
 */
import { hex64 } from '../base/int64.js';
import { decodeUtf8 } from '../base/utf8.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';
import { RecordType } from '../processor/pipeline-records.js';
import { ErrorCode } from '../protocol/error-code.js';
import type { LeaderConnection } from './leader-connection.js';
import type { LearnerHost } from './learner-host.js';
import { PacketVerdict } from './packet-reader.js';
import { PacketType, packetName } from './quorum-packet.js';
import type { ReceivedConfigs } from './received-configs.js';
import type { ReceivedTxns } from './received-txns.js';
import { orRoleFault, RoleFault } from './role-fault.js';
import { SnapStreamEnd } from './snap-stream-end.js';

/** Of what follows SNAP, in one record. */
const SNAP_CHUNK_BYTES_MAX = 32 << 10;

type Step = 'first' | 'truncating' | 'streaming' | 'loading' | 'receiving' | 'securing' | 'secured' | 'upToDate';

export class LearnerSync {
  /** What the leader chose, for those who ask. */
  mode: 'none' | 'diff' | 'trunc' | 'snap' = 'none';
  private readonly host: LearnerHost;
  private readonly connection: LeaderConnection;
  private readonly txns: ReceivedTxns;
  private readonly configs: ReceivedConfigs;
  private readonly epoch: number;
  private readonly stream = new SnapStreamEnd();
  private step: Step = 'first';
  private zxidHi = 0; // of TRUNC or SNAP
  private zxidLo = 0;
  private newLeaderConfig: QuorumVerifier | null = null;

  constructor(
    host: LearnerHost,
    connection: LeaderConnection,
    txns: ReceivedTxns,
    configs: ReceivedConfigs,
    epoch: number,
  ) {
    this.host = host;
    this.connection = connection;
    this.txns = txns;
    this.configs = configs;
    this.epoch = epoch;
  }

  /** UPTODATE has come: clients may be served. */
  get isOver(): boolean {
    return this.step === 'upToDate';
  }

  /** NEWLEADER is acknowledged: from here on transactions are, one by one. */
  get isAcknowledging(): boolean {
    return this.step === 'secured' || this.step === 'upToDate';
  }

  /** Throws RoleFault. */
  onPacket(
    type: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
  ): PacketVerdict {
    switch (this.step) {
      case 'first':
        return this.onFirst(type, zxidHi, zxidLo);
      case 'receiving':
      case 'secured':
        return this.onReceived(type, zxidHi, zxidLo, bytes, dataOffset, dataLength);
      default:
        return PacketVerdict.later;
    }
  }

  /** Bytes of the snapshot; returns how many were taken. Throws RoleFault. */
  onRaw(bytes: Uint8Array, offset: number, length: number): number {
    const { line } = this.host;
    let taken = 0;
    while (taken < length && !this.stream.isReached) {
      const wanted = Math.min(length - taken, SNAP_CHUNK_BYTES_MAX);
      if (!line.hasRoomForTxns(wanted)) return taken;
      const count = this.stream.take(bytes, offset + taken, wanted);
      line.snapChunk(bytes, offset + taken, count);
      taken += count;
    }
    if (this.stream.isReached) {
      this.connection.packetsFollow();
      line.snapEnd();
      this.step = 'loading';
    }
    return taken;
  }

  /** Throws RoleFault. */
  onDone(type: number, zxidHi: number, zxidLo: number, error: number): void {
    if (type === RecordType.truncate && this.step === 'truncating') this.onTruncated(zxidHi, zxidLo, error);
    else if (type === RecordType.snapEnd && this.step === 'loading') this.onLoaded(error);
    else if (type === RecordType.snapSave && this.step === 'securing') {
      if (error !== ErrorCode.Ok)
        throw new RoleFault(`The leader's snapshot could not be made durable (error ${error})`);
      this.secure();
    }
  }

  /** The log is on the disk a little further. Throws RoleFault. */
  onDurable(): void {
    if (this.step === 'securing' && this.mode !== 'snap' && this.txns.isDurable) this.secure();
  }

  private onFirst(type: number, zxidHi: number, zxidLo: number): PacketVerdict {
    const { host } = this;
    const { line } = host;
    if (host.needsSnapshot && type !== PacketType.snap) {
      throw new RoleFault(`The leader sent ${packetName(type)}, but only a snapshot can help this member`);
    }
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
    host.log.info(`The leader sends ${packetName(type)} 0x${hex64(zxidHi, zxidLo)}`);
    switch (type) {
      case PacketType.diff:
        this.mode = 'diff';
        this.step = 'receiving';
        return PacketVerdict.taken;
      case PacketType.trunc:
        this.mode = 'trunc';
        this.step = 'truncating';
        line.truncate(zxidHi, zxidLo);
        return PacketVerdict.taken;
      case PacketType.snap:
        this.mode = 'snap';
        this.step = 'streaming';
        line.snapBegin(zxidHi, zxidLo);
        return PacketVerdict.raw;
      default:
        throw new RoleFault(`The leader sent ${packetName(type)} instead of DIFF, TRUNC or SNAP`);
    }
  }

  private onTruncated(zxidHi: number, zxidLo: number, error: number): void {
    const isThere = (zxidHi === this.zxidHi && zxidLo === this.zxidLo) || this.zxidLo === 0;
    if (error !== ErrorCode.Ok || !isThere) {
      // Nothing here leads to that zxid: the next leader is asked for everything it has.
      this.host.onNeedsSnapshot();
      const wanted = hex64(this.zxidHi, this.zxidLo);
      throw new RoleFault(
        `The log cannot be cut back to 0x${wanted} (it ends at 0x${hex64(zxidHi, zxidLo)}, error ${error})`,
      );
    }
    this.txns.restartFrom(zxidHi, zxidLo);
    this.step = 'receiving';
  }

  private onLoaded(error: number): void {
    if (error !== ErrorCode.Ok) throw new RoleFault(`The leader's snapshot is no database (error ${error})`);
    this.txns.restartFrom(this.zxidHi, this.zxidLo);
    this.txns.hold();
    this.step = 'receiving';
  }

  private onReceived(
    type: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
  ): PacketVerdict {
    const { txns, configs } = this;
    if (!txns.hasRoom(type, dataLength)) return PacketVerdict.later;
    switch (type) {
      case PacketType.proposal:
        configs.propose(zxidHi, zxidLo, bytes, dataOffset, dataLength);
        break;
      case PacketType.commit:
        txns.commit(zxidHi, zxidLo);
        break;
      case PacketType.commitAndActivate:
        configs.commitAndActivate(zxidHi, zxidLo, bytes, dataOffset, dataLength);
        break;
      case PacketType.inform:
        configs.propose(zxidHi, zxidLo, bytes, dataOffset, dataLength);
        txns.commit(zxidHi, zxidLo);
        break;
      case PacketType.informAndActivate:
        configs.informAndActivate(zxidHi, zxidLo, bytes, dataOffset, dataLength);
        break;
      case PacketType.newLeader:
        this.onNewLeader(zxidHi, bytes, dataOffset, dataLength);
        break;
      case PacketType.upToDate:
        this.onUpToDate();
        break;
      case PacketType.diff:
      case PacketType.trunc:
      case PacketType.snap:
        throw new RoleFault(`The leader sent ${packetName(type)} in the middle of a synchronization`);
      // PINGs above all: no answer is wanted before UPTODATE.
    }
    return PacketVerdict.taken;
  }

  private onNewLeader(zxidHi: number, bytes: Uint8Array, dataOffset: number, dataLength: number): void {
    if (this.step !== 'receiving' || zxidHi !== this.epoch) {
      throw new RoleFault(`The leader of epoch ${this.epoch} sent NEWLEADER of epoch ${zxidHi} in step ${this.step}`);
    }
    this.host.log.info('Learner received NEWLEADER message');
    if (dataLength > 0)
      this.newLeaderConfig = this.configs.adopt(decodeUtf8(bytes, dataOffset, dataLength), this.epoch);
    this.txns.publish();
    this.step = 'securing';
    if (this.mode === 'snap') this.host.line.snapSave();
    else if (this.txns.isDurable) this.secure();
  }

  /** Everything is durable: the epoch, then the acknowledgement. */
  private secure(): void {
    const { host, connection, txns, epoch } = this;
    const { lastCommittedHi, lastCommittedLo } = host.history;
    orRoleFault('cannot write the current epoch', () => host.epochs.setCurrentEpoch(epoch));
    orRoleFault('cannot finish the synchronization', () =>
      host.onSynchronized(epoch, lastCommittedHi, lastCommittedLo),
    );
    connection.out.empty(PacketType.ack, epoch, 0);
    connection.silenceMsMax = host.timing.tickMs * host.timing.syncLimitTicks;
    this.step = 'secured';
    txns.acknowledgeCommitted();
    txns.release();
    host.requestTurn();
  }

  private onUpToDate(): void {
    if (this.step !== 'secured') throw new RoleFault('The leader sent UPTODATE before NEWLEADER');
    const config = this.newLeaderConfig;
    if (config !== null && !this.configs.isPending(config)) this.configs.activate(config, null, this.epoch, 0);
    this.connection.out.empty(PacketType.ack, this.epoch, 0);
    this.step = 'upToDate';
    this.host.log.info('Learner received UPTODATE message');
  }
}
