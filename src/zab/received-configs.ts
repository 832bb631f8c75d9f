/**
 * Configurations that reach a learner with its leader's transactions (ensemble-protocol 9.3, 9.5): seen when they are proposed,
 * activated when they are committed. A reconfiguration is a transaction like others, so this stands in front of
 * `ReceivedTxns` and looks at each entry's type.
 *
 * Owned by the learner, on the quorum peer's thread.
 */
import { readInt32 } from '../base/bytes.js';
import { Fifo } from '../base/fifo.js';
import { compareSigned, numberFromHalves } from '../base/int64.js';
import { decodeUtf8 } from '../base/utf8.js';
import { QuorumConfigError } from '../election/member-text.js';
import { parseQuorumConfigText } from '../election/quorum-config-text.js';
import type { QuorumVerifier } from '../election/quorum-verifier.js';
import { OpCode } from '../protocol/op-code.js';
import { TXN_BODY, TXN_TYPE } from '../protocol/txn-layout.js';
import type { ConfigView } from './config-view.js';
import { ACTIVATE_ENTRY, ACTIVATE_LEADER } from './quorum-packet.js';
import type { ReceivedTxns } from './received-txns.js';
import { orRoleFault, RoleFault } from './role-fault.js';

interface Proposed {
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly config: QuorumVerifier;
}

export class ReceivedConfigs {
  private readonly configs: ConfigView;
  private readonly txns: ReceivedTxns;
  private readonly proposed = new Fifo<Proposed>();
  private newest: Proposed | null = null;

  constructor(configs: ConfigView, txns: ReceivedTxns) {
    this.configs = configs;
    this.txns = txns;
  }

  /** Throws RoleFault. */
  propose(zxidHi: number, zxidLo: number, bytes: Uint8Array, offset: number, length: number): void {
    const { txns } = this;
    if (!txns.isNext(zxidHi, zxidLo, bytes, offset, length)) return;
    if (readInt32(bytes, offset + TXN_TYPE) === OpCode.reconfig) {
      // Members first: who has logged the transaction and does not know them may lead without asking them.
      this.newest = { zxidHi, zxidLo, config: this.seen(configTextOf(bytes, offset)) };
      this.proposed.push(this.newest);
    }
    txns.take(zxidHi, zxidLo, bytes, offset, length);
  }

  /** Throws RoleFault, also when the change ends the role. */
  commitAndActivate(zxidHi: number, zxidLo: number, bytes: Uint8Array, dataOffset: number, dataLength: number): void {
    if (dataLength < ACTIVATE_ENTRY) throw new RoleFault(`The leader sent a COMMITANDACTIVATE of ${dataLength} bytes`);
    const designated = bytes.subarray(dataOffset + ACTIVATE_LEADER, dataOffset + ACTIVATE_ENTRY);
    if (!this.txns.commit(zxidHi, zxidLo, designated)) return;
    const change = this.proposedAt(zxidHi, zxidLo);
    if (change === null) {
      throw new RoleFault('The leader activated a transaction that is no reconfiguration');
    }
    const leader = numberFromHalves(readInt32(designated, 0), readInt32(designated, 4));
    this.activate(change.config, leader, zxidHi, zxidLo);
  }

  /** Apache's leader tells in NEWLEADER of members that are only proposed, too: those wait for their own transaction's commit. */
  isPending({ versionHi, versionLo }: QuorumVerifier): boolean {
    const { newest } = this;
    return newest?.zxidHi === versionHi && newest.zxidLo === versionLo && this.txns.isUncommitted(versionHi, versionLo);
  }

  /** What came before it was committed as any other transaction, to bring this member up to date: NEWLEADER tells of that. */
  private proposedAt(zxidHi: number, zxidLo: number): Proposed | null {
    for (;;) {
      const change = this.proposed.shift();
      if (change === undefined) return null;
      const order = compareSigned(change.zxidHi, change.zxidLo, zxidHi, zxidLo);
      if (order >= 0) return order === 0 ? change : null;
    }
  }

  /** Throws RoleFault, also when the change ends the role. */
  informAndActivate(zxidHi: number, zxidLo: number, bytes: Uint8Array, dataOffset: number, dataLength: number): void {
    if (dataLength < ACTIVATE_ENTRY) throw new RoleFault(`The leader sent an INFORMANDACTIVATE of ${dataLength} bytes`);
    this.propose(zxidHi, zxidLo, bytes, dataOffset + ACTIVATE_ENTRY, dataLength - ACTIVATE_ENTRY);
    this.commitAndActivate(zxidHi, zxidLo, bytes, dataOffset, dataLength);
  }

  /** Of NEWLEADER. Throws RoleFault when it is no configuration. */
  adopt(text: string, epoch: number): QuorumVerifier {
    const config = parse(text);
    orRoleFault('cannot write the configuration', () => this.configs.adopt(config, epoch));
    return config;
  }

  private seen(text: string): QuorumVerifier {
    const config = parse(text);
    orRoleFault('cannot write the configuration', () => this.configs.seen(config));
    return config;
  }

  /** Throws RoleFault when the change ends the role. What was committed before has gone to the line. */
  activate(config: QuorumVerifier, designatedLeader: number | null, zxidHi: number, zxidLo: number): void {
    this.txns.publish();
    let isMajor = false;
    orRoleFault('cannot activate the configuration', () => {
      isMajor = this.configs.activate(config, designatedLeader, zxidHi, zxidLo);
    });
    if (isMajor) throw new RoleFault('The members have changed, and with them the role of this one or the leader');
  }
}

function parse(text: string): QuorumVerifier {
  try {
    return parseQuorumConfigText(text);
  } catch (error) {
    if (!(error instanceof QuorumConfigError)) throw error;
    throw new RoleFault(`The leader sent a configuration that is none: ${error.message}`);
  }
}

/** A setData of the configuration's node: path, data, version. The entry is whole (txn-entry.ts). */
function configTextOf(bytes: Uint8Array, offset: number): string {
  const path = offset + TXN_BODY;
  const data = path + 4 + readInt32(bytes, path);
  return decodeUtf8(bytes, data + 4, Math.max(readInt32(bytes, data), 0));
}
