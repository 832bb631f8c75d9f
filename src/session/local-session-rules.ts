/**
 * Whether sessions are local (ensemble-protocol 7.4): known to the server of their client alone, opened and closed without a
 * transaction, gone with the server's role. Of members of an ensemble only; plain data.
 */
export interface LocalSessionRules {
  /** localSessionsEnabled: every new session is local. */
  readonly isEnabled: boolean;
  /** localSessionsUpgradingEnabled: its first ephemeral node makes a local session the ensemble's. */
  readonly mayUpgrade: boolean;
}

/** Of a standalone server, whatever is configured. */
export const NO_LOCAL_SESSIONS: LocalSessionRules = Object.freeze({ isEnabled: false, mayUpgrade: false });
