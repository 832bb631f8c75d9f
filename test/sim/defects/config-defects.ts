/**
 * Members that are wrong about who the members are.
 */
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import type { DynamicConfigFiles } from '../../../src/persistence/dynamic-config-files.js';
import { ActorKind } from '../../../src/server/standalone-topology.js';
import type { CommitQuorum } from '../../../src/zab/commit-quorum.js';
import type { QuorumConfigs } from '../../../src/zab/quorum-configs.js';
import { actorDefect } from './actor-defects.js';
import type { KnownDefect } from './known-defect.js';
import { leaderDefect } from './leader-defects.js';
import { patch } from './spoiling.js';
import { reconfiguring } from './telling-seeds.js';

/** Of members that change in every seed. */
function configDefect(name: string, spoil: (configs: QuorumConfigs) => void): KnownDefect {
  return {
    ...actorDefect(name, ActorKind.quorumPeer, (actor) =>
      spoil((actor as unknown as { configs: QuorumConfigs }).configs),
    ),
    plan: reconfiguring,
  };
}

export const CONFIG_DEFECTS: readonly KnownDefect[] = [
  {
    ...leaderDefect('asks the old members only whether others may come', ({ broadcast }) =>
      patch(broadcast, 'begin', (original) => (epoch, verifiers) => {
        original(epoch, verifiers);
        const { quorum } = broadcast as unknown as { quorum: CommitQuorum };
        patch(
          quorum,
          'beginEra',
          (begin) =>
            (from, [old]) =>
              begin(from, [old as QuorumVerifier]),
        );
      }),
    ),
    plan: reconfiguring,
  },
  configDefect('goes on with the members that there were before', (configs) => {
    patch(configs, 'activate', () => () => false);
  }),
  configDefect('does not write down who is proposed', (configs) => {
    const { files } = (configs as unknown as { options: { files: DynamicConfigFiles } }).options;
    patch(files, 'writeNext', () => () => {});
  }),
  configDefect('takes who is proposed for a member', (configs) => {
    patch(configs, 'seen', (original) => (config) => {
      original(config);
      configs.activate(config, null);
    });
  }),
];
