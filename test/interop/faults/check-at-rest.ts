/** Whether our server made of a fault at rest what it has to: all that was acknowledged, or a refusal that says where and what to do. */
import type { Cfg, Outcome } from './fault-trial.js';
import type { RestFault } from './faults-at-rest.js';

/** For a base with several logs and snapshots. */
export const MANY_FILES: Cfg = { snapCount: 40 };
const REMEDY = /data directory/;

export function checkAtRest({ due }: RestFault, { restart }: Outcome): void {
  if (due === 'all') {
    if (restart.served !== null && restart.isComplete) return;
    throw new Error(restart.served === null ? `refused: ${restart.lines.join('\n')}` : `serves ${restart.served} only`);
  }
  if (restart.served !== null) throw new Error(`started, and serves ${restart.served}:\n${restart.lines.join('\n')}`);
  if (restart.end !== 'exit 1') throw new Error(`ended with ${restart.end}`);
  const said = restart.lines.join('\n');
  if (!due.test(said)) throw new Error(`said nothing like ${due}: ${said}`);
  if (!REMEDY.test(said)) throw new Error(`named no remedy: ${said}`);
}
