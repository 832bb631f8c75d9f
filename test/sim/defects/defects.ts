/**
 * Members that are wrong in one way each. Every one of them has to be found out by the simulator within a few seeds: what is not
 * is no proof of anything. The words are what the defective member does.
 */
import { ACTOR_DEFECTS } from './actor-defects.js';
import { CONFIG_DEFECTS } from './config-defects.js';
import { FILE_DEFECTS } from './file-defects.js';
import { HOST_DEFECTS } from './host-defects.js';
import type { KnownDefect } from './known-defect.js';
import { LEADER_DEFECTS } from './leader-defects.js';
import { PACKET_DEFECTS } from './packet-defects.js';

export const DEFECTS: readonly KnownDefect[] = [
  ...HOST_DEFECTS,
  ...LEADER_DEFECTS,
  ...FILE_DEFECTS,
  ...PACKET_DEFECTS,
  ...ACTOR_DEFECTS,
  ...CONFIG_DEFECTS,
];
