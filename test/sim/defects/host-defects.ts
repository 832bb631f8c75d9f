/**
 * Members that are wrong in what their role asks of its host: log, tree, epochs, the line to the disk.
 */
import { readInt32 } from '../../../src/base/bytes.js';
import { WORD_OP } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { ObserverMaster } from '../../../src/zab/observer-master.js';
import type { KnownDefect } from './known-defect.js';
import { patch, withHost, withQuorums } from './spoiling.js';
import { grouped, weighted, withObserverMasters, withObservers } from './telling-seeds.js';

const ENTRY_ZXID = 12;

function hostDefect(name: string, spoil: Parameters<typeof withHost>[0]): KnownDefect {
  return { name, spoil: () => ({ openRole: withHost(spoil) }) };
}

export const HOST_DEFECTS: readonly KnownDefect[] = [
  hostDefect('acknowledges what is not synced', (host, isLeader, role) => {
    if (isLeader) return host;
    patch(host.line, 'logTxn', (original) => (entry, offset, length, isLogged = true) => {
      original(entry, offset, length, isLogged);
      if (isLogged) role()?.onDurable(readInt32(entry, offset + ENTRY_ZXID), readInt32(entry, offset + ENTRY_ZXID + 4));
    });
    return Object.create(host) as typeof host;
  }),
  hostDefect('does not write currentEpoch', (host) => {
    patch(host.epochs, 'setCurrentEpoch', () => () => {});
    return host;
  }),
  hostDefect('does not write acceptedEpoch', (host) => {
    patch(host.epochs, 'setAcceptedEpoch', () => () => {});
    return host;
  }),
  hostDefect('forgets which epoch it has accepted', (host) => {
    const { epochs } = host;
    const forgetful = Object.create(epochs, {
      acceptedEpoch: { get: () => 0 },
      currentEpoch: { get: () => epochs.currentEpoch },
      setAcceptedEpoch: {
        value: (epoch: number) => epochs.setAcceptedEpoch(Math.max(epoch, epochs.acceptedEpoch)),
      },
      setCurrentEpoch: { value: (epoch: number) => epochs.setCurrentEpoch(Math.max(epoch, epochs.currentEpoch)) },
    }) as typeof epochs;
    return Object.create(host, { epochs: { value: forgetful } }) as typeof host;
  }),
  hostDefect('leads in an epoch that was used', (host, isLeader) => {
    if (!isLeader) return host;
    const { epochs } = host;
    const late = Object.create(epochs, {
      acceptedEpoch: { get: () => Math.max(0, epochs.acceptedEpoch - 1) },
      currentEpoch: { get: () => epochs.currentEpoch },
      setAcceptedEpoch: { value: epochs.setAcceptedEpoch.bind(epochs) },
      setCurrentEpoch: { value: epochs.setCurrentEpoch.bind(epochs) },
    }) as typeof epochs;
    return Object.create(host, { epochs: { value: late } }) as typeof host;
  }),
  hostDefect('commits without a quorum', (host, isLeader) => (isLeader ? withQuorums(host, () => () => true) : host)),
  {
    ...hostDefect('does not look at weights', (host) =>
      withQuorums(host, (real) => (sids) => [...sids].filter((sid) => real.isVoter(sid)).length * 2 > real.voterCount),
    ),
    plan: (seed) => weighted(seed),
  },
  {
    ...hostDefect('counts voters where there are groups', (host) =>
      withQuorums(host, (real) => (sids) => [...sids].filter((sid) => real.isVoter(sid)).length * 2 > real.voterCount),
    ),
    plan: (seed) => grouped(seed),
  },
  {
    ...hostDefect('counts observers', (host) => withQuorums(host, (real) => (sids) => sids.size * 2 > real.voterCount)),
    plan: (seed) => withObservers(seed),
  },
  hostDefect('applies what is only proposed', (host, isLeader) => {
    if (isLeader) return host;
    patch(host.line, 'logTxn', (original) => (entry, offset, length, isLogged = true) => {
      original(entry, offset, length, isLogged);
      host.line.committed(readInt32(entry, offset + ENTRY_ZXID), readInt32(entry, offset + ENTRY_ZXID + 4));
    });
    return host;
  }),
  {
    ...hostDefect('passes on to observers what is only proposed', (host, isLeader, role) => {
      if (isLeader) return host;
      patch(host.line, 'logTxn', (original) => (entry, offset, length, isLogged = true) => {
        original(entry, offset, length, isLogged);
        const { master } = role() as unknown as { master: ObserverMaster | null };
        if (master === null) return;
        const { onCommitted } = ObserverMaster.prototype;
        patch(master, 'onCommitted', () => () => {});
        const at = offset + ENTRY_ZXID;
        onCommitted.call(master, readInt32(entry, at), readInt32(entry, at + 4), entry, offset, length, null);
      });
      return host;
    }),
    plan: (seed) => withObserverMasters(seed),
  },
  hostDefect('leaves a proposal out of its log', (host, isLeader) => {
    if (isLeader) return host;
    let count = 0;
    patch(host.line, 'logTxn', (original) => (entry, offset, length, isLogged = true) => {
      if (!isLogged || ++count % 23 !== 0) original(entry, offset, length, isLogged);
    });
    return host;
  }),
  hostDefect('answers sync by itself', (host, isLeader) => {
    if (isLeader) return host;
    const { line } = host;
    patch(line, 'synced', (original) => {
      patch(line, 'awaiting', (awaiting) => (bytes, words, offset, length) => {
        awaiting(bytes, words, offset, length);
        if (words[(offset >> 2) + WORD_OP] === OpCode.sync) original();
      });
      return () => {};
    });
    return host;
  }),
];
