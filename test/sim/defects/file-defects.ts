/**
 * Members whose disk is not asked to keep what it must keep.
 */
import { drawPlan } from '../world/sim-plan.js';
import type { KnownDefect } from './known-defect.js';
import { withoutSync } from './spoiling.js';

export const FILE_DEFECTS: readonly KnownDefect[] = [
  {
    name: 'does not sync its log',
    spoil: () => ({ files: (disk) => withoutSync(disk, (path) => path.includes('/log.')) }),
  },
  {
    name: 'does not sync a snapshot that it was sent',
    spoil: () => ({ files: (disk) => withoutSync(disk, (path) => path.includes('snapshot')) }),
    plan: (seed) => ({ ...drawPlan(seed), isSnapForced: true }),
  },
];
