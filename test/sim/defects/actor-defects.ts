/**
 * Members one of whose actors hears or does something else than it should.
 */
import { ElectionRecord } from '../../../src/election/election-records.js';
import type { ShardParts } from '../../../src/net/shard-parts.js';
import {
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_CONNECTION,
  WORD_ERROR,
  WORD_LENGTH_B,
  WORD_SHARD,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import type { PrepRequest } from '../../../src/processor/prep/prep-request.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { ActorKind } from '../../../src/server/standalone-topology.js';
import type { InlineMemberOptions } from '../../testing/inline/inline-member.js';
import { drawPlan } from '../world/sim-plan.js';
import type { KnownDefect } from './known-defect.js';
import { patch, rehandle } from './spoiling.js';
import { reconfiguring } from './telling-seeds.js';

export function actorDefect(
  name: string,
  kind: string,
  spoil: (actor: Parameters<NonNullable<InlineMemberOptions['onActor']>>[1], draw: (n: number) => number) => void,
): KnownDefect {
  return {
    name,
    spoil: (_sid, { prng, onActor }) => {
      const chance = prng.fork('defect');
      return {
        onActor: (made, actor, context) => {
          onActor?.(made, actor, context);
          if (made === kind) spoil(actor, (n) => chance.below(n));
        },
      };
    },
  };
}

export const ACTOR_DEFECTS: readonly KnownDefect[] = [
  {
    ...actorDefect('votes as if its log were empty', ActorKind.election, (actor) =>
      rehandle(actor, 'quorum-peer', (original) => (type, bytes, words, offset, length) => {
        if (type === ElectionRecord.look) words.fill(0, offset >> 2, (offset >> 2) + 4);
        original(type, bytes, words, offset, length);
      }),
    ),
    // The proof of leadership keeps all safe: it shows where a leader is refused again and again.
    plan: reconfiguring,
  },
  actorDefect('lets no session expire', ActorKind.sessionTracker, (actor) => {
    actor.onTick = () => {};
  }),
  {
    ...actorDefect('lets local sessions have ephemeral nodes', ActorKind.prep, (actor) => {
      const { decider } = actor as unknown as { decider: { request: PrepRequest } };
      decider.request.checkGlobalSession = () => decider.request.checkSession();
    }),
    plan: (seed) => ({ ...drawPlan(seed), localSessions: { mayUpgrade: false } }),
  },
  {
    ...actorDefect('lets no local session of a learner expire', ActorKind.sessionTracker, (actor) => {
      const tick = actor.onTick?.bind(actor);
      actor.onTick = (nowMs) => {
        if (!(actor as unknown as { localOnly: boolean }).localOnly) tick?.(nowMs);
      };
    }),
    plan: (seed) => ({ ...drawPlan(seed), localSessions: { mayUpgrade: false } }),
  },
  actorDefect('does not tell of a change', ActorKind.connections, (actor, draw) =>
    rehandle(actor, 'final', (original) => (type, bytes, words, offset, length) => {
      if (type === RecordType.commit && draw(15) === 0) words[(offset >> 2) + WORD_LENGTH_B] = 0;
      original(type, bytes, words, offset, length);
    }),
  ),
  actorDefect('answers with another zxid', ActorKind.connections, (actor, draw) =>
    rehandle(actor, 'final', (original) => (type, bytes, words, offset, length) => {
      const at = offset >> 2;
      if (type === RecordType.commit && words[at + WORD_SHARD] === 0 && draw(15) === 0) words[at + WORD_ZXID_LO]++;
      original(type, bytes, words, offset, length);
    }),
  ),
  actorDefect('gives another reason for a refusal', ActorKind.connections, (actor, draw) =>
    rehandle(actor, 'final', (original) => (type, bytes, words, offset, length) => {
      const at = offset >> 2;
      const isRefusal = type === RecordType.commit && words[at + WORD_SHARD] === 0 && words[at + WORD_ERROR] < -100;
      if (isRefusal && draw(4) === 0) words[at + WORD_ERROR] = ErrorCode.NoAuth;
      original(type, bytes, words, offset, length);
    }),
  ),
  actorDefect('serves its clients on when a role is over', ActorKind.connections, (actor) => {
    const { parts } = actor as unknown as { parts: ShardParts };
    patch(parts.roleChanges, 'closeClients', () => () => {});
  }),
  actorDefect('forgets a transaction on its way to the tree', ActorKind.final, (actor, draw) =>
    rehandle(actor, 'sync', (original) => (type, bytes, words, offset, length) => {
      const isForeign = words[(offset >> 2) + WORD_CONNECTION] < 0;
      if (type !== RecordType.txn || !isForeign || draw(30) !== 0) original(type, bytes, words, offset, length);
    }),
  ),
  actorDefect('holds nothing back until it is committed', ActorKind.commit, (actor) => {
    rehandle(actor, 'sync', (original) => (type, bytes, words, offset, length) => {
      if (type === RecordType.txn) {
        const commit = actor.inboxes['quorum-peer'];
        commit(RecordType.committed, bytes, words, offset, PIPELINE_HEADER_BYTES);
      }
      original(type, bytes, words, offset, length);
    });
  }),
];
