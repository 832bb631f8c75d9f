// What a Leader stands on in its tests: epochs and configurations that write down what is done to them, a log on disk that is a list
// of zxids, a tree that is a text.

import type { ActorContext } from '../../../src/actor/actor.js';
import { int64FromHalves } from '../../../src/base/int64.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import type { ConfigView } from '../../../src/zab/config-view.js';
import { PipelinePort } from '../../../src/zab/pipeline-port.js';
import type { Epochs } from '../../../src/zab/role.js';
import type { DiskProposals, SnapStream, SyncSources } from '../../../src/zab/sync-sources.js';

import { entryAt, zxidOf, zxidText } from './zxid-words.js';

/** Members 1 to n vote, those of `observers` do not. Machines are called m1, m2, ... */
export function configText(voters: number, observers: readonly number[] = [], version = '0'): string {
  const lines = Array.from({ length: voters }, (_, i) => `server.${i + 1}=m${i + 1}:2888:3888:participant\n`);
  for (const sid of observers) lines.push(`server.${sid}=m${sid}:2888:3888:observer\n`);
  return `${lines.join('')}version=${version}`;
}

export class FakeEpochs implements Epochs {
  acceptedEpoch: number;
  currentEpoch: number;
  fails = false;
  private readonly told: string[];

  constructor(acceptedEpoch: number, currentEpoch: number, told: string[]) {
    this.acceptedEpoch = acceptedEpoch;
    this.currentEpoch = currentEpoch;
    this.told = told;
  }

  setAcceptedEpoch(epoch: number): void {
    this.write('acceptedEpoch', epoch);
    this.acceptedEpoch = epoch;
  }

  setCurrentEpoch(epoch: number): void {
    this.write('currentEpoch', epoch);
    this.currentEpoch = epoch;
  }

  private write(name: string, epoch: number): void {
    if (this.fails) throw new Error('EIO');
    this.told.push(`${name} ${epoch}`);
  }
}

export class FakeConfigs implements ConfigView {
  committed: QuorumVerifier;
  lastSeen: QuorumVerifier;
  /** The disk takes no new members. */
  fails = false;
  private readonly told: string[];

  constructor(text: string, told: string[]) {
    this.committed = parseQuorumConfigText(text);
    this.lastSeen = this.committed;
    this.told = told;
  }

  /** Of a term before. */
  propose(text: string): void {
    this.lastSeen = parseQuorumConfigText(text);
  }

  rehearse(): void {
    if (this.fails) throw new Error('ENOSPC: no space left on device');
  }

  seen(config: QuorumVerifier): void {
    if (this.fails) throw new Error('ENOSPC: no space left on device');
    this.lastSeen = config;
    this.told.push(`seen ${zxidText(config.versionHi, config.versionLo)}`);
  }

  /** Of learners. */
  adopt(config: QuorumVerifier): void {
    this.seen(config);
  }

  activate(config: QuorumVerifier, designatedLeader: number | null, zxidHi: number, zxidLo: number): boolean {
    this.committed = config;
    this.told.push(
      `activate ${zxidText(config.versionHi, config.versionLo)} leader ${designatedLeader} at ${zxidText(zxidHi, zxidLo)}`,
    );
    return false;
  }
}

class FakeDisk implements DiskProposals {
  zxidHi = 0;
  zxidLo = 0;
  bytes: Uint8Array = new Uint8Array(0);
  entryOffset = 0;
  private readonly zxids: readonly string[];
  private index = 0;
  private readonly onRead: () => void;
  private readonly onClose: () => void;

  constructor(zxids: readonly string[], onRead: () => void, onClose: () => void) {
    this.zxids = zxids;
    this.onRead = onRead;
    this.onClose = onClose;
  }

  get entryLength(): number {
    return this.bytes.length;
  }

  next(): boolean {
    const zxid = this.zxids[this.index++];
    if (zxid === undefined) return false;
    this.onRead();
    [this.zxidHi, this.zxidLo] = zxidOf(zxid);
    this.bytes = entryAt(zxid);
    return true;
  }

  close(): void {
    this.onClose();
  }
}

export class FakeSources implements SyncSources {
  isSnapForced = false;
  /** What is in the log on disk; null: it may not be used. */
  disk: readonly string[] | null = null;
  openDisks = 0;
  /** Records that were read from it. */
  reads = 0;
  /** The tree's zxid when a stream is begun. */
  treeZxid: () => string = () => '0.0';
  chunks: readonly string[] = ['tree'];
  /** Told before every chunk. */
  onChunk: (index: number) => void = () => undefined;

  openDisk(fromHi: number, fromLo: number): DiskProposals | null {
    const from = BigInt.asIntN(64, (BigInt(fromHi) << 32n) | BigInt(fromLo >>> 0));
    const first = this.disk?.[0];
    if (first === undefined || this.disk === null || int64FromHalves(...zxidOf(first)) > from) return null;
    this.openDisks++;
    return new FakeDisk(
      this.disk,
      () => this.reads++,
      () => this.openDisks--,
    );
  }

  newSnapStream(): SnapStream {
    const [zxidHi, zxidLo] = zxidOf(this.treeZxid());
    const chunks = this.chunks.map(encodeUtf8);
    const signature = encodeUtf8('\0\0\0\nBenWasHere');
    let index = 0;
    return {
      zxidHi,
      zxidLo,
      next: () => {
        this.onChunk(index);
        index++;
        if (index <= chunks.length) return chunks[index - 1];
        return index === chunks.length + 1 ? signature : null;
      },
    };
  }
}

/** The line, with a say in whether it has room. */
export class StagePort extends PipelinePort {
  private readonly roomNow: () => boolean;

  constructor(context: ActorContext, roomNow: () => boolean) {
    super(context);
    this.roomNow = roomNow;
  }

  override hasRoomForRequests(byteCount: number): boolean {
    return this.roomNow() && super.hasRoomForRequests(byteCount);
  }
}
