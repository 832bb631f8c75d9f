/**
 * The invariants of an ensemble by their numbers (ensemble-protocol 11.1), and what is said when one does not hold.
 */
export const Invariant = {
  totalOrder: '1 total order',
  nothingLost: '2 no committed txn lost',
  nothingUncommittedShown: '3 no uncommitted txn visible',
  primaryOrder: '4 primary order',
  primaryIntegrity: '5 primary integrity',
  oneLeader: '6 one leader per epoch',
  epochsRise: '7 epochs never fall',
  durableAcks: '8 acks are durable',
  quorumCommits: '9 commits need a quorum',
  configSafety: '10 config safety',
  sessions: '11 sessions',
  syncedReads: '12 sync',
  equalStates: '13 equal states',
  liveness: '14 liveness',
  clients: 'what clients see',
  noFailure: 'no member fails',
} as const;
export type Invariant = (typeof Invariant)[keyof typeof Invariant];

export interface Violation {
  readonly invariant: Invariant;
  readonly text: string;
}

export type OnViolation = (violation: Violation) => void;
