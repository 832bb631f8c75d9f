// What a server tells about itself, as plain data: one moment's picture, gathered by live-status.ts, and turned into text by
// the four-letter words and into JSON by the admin commands. It belongs to the main thread for as long as one answer takes and
// holds no reference to anything that lives. All but the figures costs something to gather: see `needs` in
// four-letter-words.ts, and leave it empty where the word does not ask for it.

import type { QuorumMember } from '../../election/quorum-verifier.js';
import type { LearnerReport, ZabState } from '../../zab/peer-report.js';
import type { Environment } from '../environment.js';

export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only';

/** What is there without asking anybody. */
export interface FigureStatus {
  readonly version: string;
  /** False while there is no leader or the database is still being read. */
  readonly serving: boolean;
  readonly mode: ServerMode;

  readonly latencyMinMs: number;
  readonly latencyAvgMs: number;
  readonly latencyMaxMs: number;
  readonly receivedCount: number;
  readonly sentCount: number;
  /** Including the connection that asks. */
  readonly connectionCount: number;
  readonly outstandingCount: number;
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly nodeCount: number;
  /** A leader's only; -1 where nothing has been proposed. */
  readonly proposalBytes: SizeStatus | null;

  readonly traceMask: bigint;
}

/** In bytes; -1 where there has been none. */
export interface SizeStatus {
  readonly last: number;
  readonly min: number;
  readonly max: number;
}

/** What the admin commands show beyond the figures. */
export interface TotalStatus {
  readonly slowSyncs: number;
  readonly clientResponses: SizeStatus;
  readonly authFailures: number;
  readonly plainRemoteConnections: number;
  readonly plainLocalConnections: number;
  readonly uptimeMs: number;
}

/** What the four-letter words are made from. */
export interface ServerStatus extends FigureStatus {
  readonly connections: readonly ConnectionStatus[];
  /** Of every 128th zxid, the newest 1024, oldest first. */
  readonly digests: readonly DigestStatus[];
  readonly settings: SettingsStatus;
  readonly directories: DirectoryStatus;
  readonly environment: Environment;
  /** Null: not asked for. */
  readonly sessions: SessionsStatus | null;
  readonly ephemerals: EphemeralStatus;
  readonly watchCounts: WatchCounts;
  /** To be gone through once. */
  readonly watches: WatchesBySession;
  readonly watchesByPath: WatchesByPath;
  /** Text of `mntr`; null: not asked for. */
  readonly monitor: string | null;
}

/** Paths by session, each in no order. */
export type EphemeralStatus = ReadonlyMap<bigint, ReadonlySet<string>>;
/** Of data watches; the null path is `null`, as the reference prints it. */
export type WatchesBySession = Iterable<readonly [bigint, Iterable<string>]>;
export type WatchesByPath = Iterable<readonly [string, Iterable<bigint>]>;

export interface WatchCounts {
  readonly connections: number;
  readonly paths: number;
  readonly watches: number;
}

/** Monotonic times at which something expires, in ascending order, and what expires then. */
export type ExpiryStatus<T> = ReadonlyMap<number, readonly T[]>;

export interface SessionsStatus {
  /** Monotonic, when this was gathered, and the wall clock then. */
  readonly nowMs: number;
  readonly wallMs: number;
  /** Of the sessions of this server alone; null: it keeps none. */
  readonly local: ExpiryStatus<bigint> | null;
  /** Where this server watches over the ensemble's sessions, or is alone; null: on a learner. */
  readonly expiring: ExpiryStatus<bigint> | null;
  /** On a learner: their timeouts, by ids in ascending order. */
  readonly known: readonly { readonly id: bigint; readonly timeoutMs: number }[] | null;
}

export interface DigestStatus {
  readonly zxid: bigint;
  /** Signed. */
  readonly digest: bigint;
  /** How it is computed (persistence 6.6). */
  readonly version: number;
}

/** The part of the configuration that `conf` shows. */
export interface SettingsStatus {
  readonly clientPort: number | null;
  readonly secureClientPort: number | null;
  readonly tickMs: number;
  readonly maxClientCnxns: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly clientPortListenBacklog: number;
  readonly serverId: number;
  /** Null: standalone. */
  readonly quorum: QuorumSettings | null;
}

/** What `conf` shows of an ensemble. */
export interface QuorumSettings {
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  readonly electionPorts: readonly number[];
  readonly quorumPorts: readonly number[];
  readonly isObserver: boolean;
  /** The committed ones, as text. */
  readonly members: string;
}

export type MemberStatus = QuorumMember;

/** What a member knows of its ensemble. */
export interface EnsembleStatus {
  readonly myId: number;
  /** -1: there is none. */
  readonly leader: number;
  readonly zabState: ZabState;
  /** By rising sid; a client address of another member may be unknown. */
  readonly members: readonly MemberStatus[];
  /** Those that learn from this server. */
  readonly observers: readonly LearnerReport[];
}

export interface DirectoryStatus {
  /** Both with version-2. */
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** Sizes of all files below; both the same if it is one directory. */
  readonly dataDirBytes: number;
  readonly dataLogDirBytes: number;
}

export interface ConnectionStatus {
  readonly address: string;
  readonly port: number;
  /** As selection keys count: 0 a connection that is being answered and closed, 1 reads, 4 writes. */
  readonly interestOps: number;
  readonly queuedCount: number;
  readonly receivedCount: number;
  readonly sentCount: number;
  readonly isEncrypted: boolean;
  /** Monotonic: it is closed then, if nothing comes. */
  readonly expiresMs: number;
  /** Null before a session is opened or re-opened. */
  readonly session: SessionStatus | null;
}

export interface SessionStatus {
  readonly sessionHi: number;
  readonly sessionLo: number;
  /** `NA`, `SESS`, `PING`, `GETD` and so on. */
  readonly lastOperation: string;
  readonly establishedWallMs: number;
  readonly timeoutMs: number;
  /** Below 0: none yet. */
  readonly lastCxid: number;
  readonly lastZxidHi: number;
  readonly lastZxidLo: number;
  readonly lastResponseMonotonicMs: number;
  readonly lastLatencyMs: number;
  readonly minLatencyMs: number;
  readonly avgLatencyMs: number;
  readonly maxLatencyMs: number;
}
