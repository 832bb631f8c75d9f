/**
 * Listens in on the connections between members: what is written on those of the quorum goes to the WireRecord, packet by packet, and
 * who hears whom to the QuorumContact. Elections are nobody's business here.
 */
import type { SimPeerEnd } from '../../testing/inline/sim-peer-end.js';
import type { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import type { EnsembleRecord } from '../invariants/ensemble-record.js';
import type { QuorumContact } from '../invariants/quorum-contact.js';
import { showZxid } from '../invariants/txn-history.js';
import { WireRecord } from '../invariants/wire-record.js';
import type { Journal } from './journal.js';
import type { SimEnsemble } from './sim-ensemble.js';
import { isElectionPort, OBSERVER_MASTER_PORT } from './sim-plan.js';
import { INIT_MS_MAX } from './time-limits.js';
import type { VirtualTime } from './virtual-time.js';

export class PeerTap {
  private readonly ensemble: SimEnsemble;
  private readonly contact: QuorumContact;
  private readonly wire: WireRecord;
  private readonly time: VirtualTime;

  constructor(
    ensemble: SimEnsemble,
    record: EnsembleRecord,
    contact: QuorumContact,
    time: VirtualTime,
    journal: Journal,
  ) {
    this.ensemble = ensemble;
    this.contact = contact;
    this.time = time;
    this.wire = new WireRecord(record, journal.violate);
    this.wire.onPatience = (leader, learner) => contact.excuse(leader, learner, time.nowMs + INIT_MS_MAX);
    if (journal.isRead) {
      this.wire.onPacket = (from, to, name, zxid) => journal.say(`${from} -> ${to}  ${name} ${showZxid(zxid)}`);
    }
  }

  listenTo(network: SimPeerNetwork): void {
    network.onWrite = (end, bytes, offset, length) => this.written(end, bytes, offset, length);
    network.onRead = (end) => this.read(end);
  }

  private written(end: SimPeerEnd, bytes: Uint8Array, offset: number, length: number): void {
    const { connection, other } = end;
    if (isElectionPort(connection.port) || other === null) return;
    const own = sidOf(end);
    const peer = sidOf(other);
    const byMaster = !end.isInitiator;
    const each = this.ensemble.find(own);
    // What a process does behind the moment at which its machine stops never happens.
    if (each === undefined || each.disk.hasStopped) return;
    each.watch.readEpochs();
    const [master, learner] = byMaster ? [own, peer] : [peer, own];
    const isLeader = connection.port !== OBSERVER_MASTER_PORT;
    this.wire.written(connection.id, { master, learner, isLeader }, byMaster, bytes, offset, length);
  }

  private read(end: SimPeerEnd): void {
    const { connection, other } = end;
    if (isElectionPort(connection.port) || other === null) return;
    this.contact.heard(sidOf(end), sidOf(other), this.time.nowMs);
  }
}

function sidOf(end: SimPeerEnd): number {
  return Number.parseInt(end.host.name.slice(1), 10);
}
