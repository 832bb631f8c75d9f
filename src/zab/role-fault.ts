/**
 * Ends a role from anywhere below it: thrown by its parts with one clear sentence, caught by the role alone, which tells its
 * host and is over. For what a peer did wrong and for what this server cannot do; a defect of ours stays an AssertionError.
 */
import { AssertionError } from '../base/assert.js';

export class RoleFault extends Error {
  override readonly name = 'RoleFault';
}

/** Does what may fail outside of this program: a file, a port of the host. */
export function orRoleFault(what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof AssertionError) throw error;
    throw new RoleFault(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
