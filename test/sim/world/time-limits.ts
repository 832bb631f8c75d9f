/**
 * The limits of time that all members of all seeds have, and what becomes of them by a slow clock: members count ticks of their own,
 * and whoever looks on from outside must wait for the slowest of them.
 */
export const TICK_MS = 400;
export const INIT_LIMIT_TICKS = 10;
export const SYNC_LIMIT_TICKS = 4;
export const SLOWEST_RATE = 0.9;

/** So long a learner may be silent over what it was sent. */
export const INIT_MS_MAX = (INIT_LIMIT_TICKS * TICK_MS) / SLOWEST_RATE;

/** Ticks beyond the sync limit after which nobody without a quorum may serve. */
const CONTACT_TICKS = SYNC_LIMIT_TICKS + 4;
export const CONTACT_MS_MAX = (CONTACT_TICKS * TICK_MS) / SLOWEST_RATE;
