/**
 * What clients of an ensemble have seen, in the order in which it happened: the only thing that the history checker looks at,
 * whoever wrote it down (the simulator, a system test). Plain values; paths and data as text.
 *
 * A session may use one connection after another, to different servers; `connection` numbers them over all clients. What was
 * sent on a connection that ended before the reply has an unknown outcome.
 */
export interface CreateOp {
  readonly kind: 'create';
  readonly path: string;
  readonly data: string;
  readonly isEphemeral: boolean;
  readonly isSequential: boolean;
}
export interface DeleteOp {
  readonly kind: 'delete';
  readonly path: string;
  /** -1: any. */
  readonly version: number;
}
export interface SetDataOp {
  readonly kind: 'setData';
  readonly path: string;
  readonly data: string;
  readonly version: number;
}
export interface CheckOp {
  readonly kind: 'check';
  readonly path: string;
  readonly version: number;
}
export type MultiPart = CreateOp | DeleteOp | SetDataOp | CheckOp;
export interface MultiOp {
  readonly kind: 'multi';
  readonly parts: readonly MultiPart[];
}
export interface CloseOp {
  readonly kind: 'closeSession';
}
/** Changes the members; what becomes of it depends on who is there. */
export interface ReconfigOp {
  readonly kind: 'reconfig';
  readonly joining: string | null;
  readonly leaving: string | null;
  readonly newMembers: string | null;
  /** -1: whichever is the present one. */
  readonly fromVersion: bigint;
}
export type WriteOp = CreateOp | DeleteOp | SetDataOp | MultiOp | CloseOp | ReconfigOp;

export interface ReadOp {
  readonly kind: 'getData' | 'exists' | 'getChildren';
  readonly path: string;
  readonly isWatching: boolean;
}
export interface SyncOp {
  readonly kind: 'sync';
  readonly path: string;
}
/** Answered with the server's zxid; nothing else is asked. */
export interface PingOp {
  readonly kind: 'ping';
}
/** Watches of an earlier connection, asked for again. */
export interface SetWatchesOp {
  readonly kind: 'setWatches';
  readonly relativeZxid: bigint;
  readonly data: readonly string[];
  readonly exist: readonly string[];
  readonly child: readonly string[];
}
export type Operation = WriteOp | ReadOp | SyncOp | PingOp | SetWatchesOp;

/** Of a node, as far as it does not depend on a clock. */
export interface NodeStat {
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly pzxid: bigint;
  readonly version: number;
  readonly cversion: number;
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
}

export interface PartResult {
  readonly err: number;
  readonly path?: string | null;
  readonly stat?: NodeStat;
}

export interface Outcome {
  readonly zxid: bigint;
  readonly err: number;
  /** Of a create. */
  readonly path?: string | null;
  readonly data?: string | null;
  readonly stat?: NodeStat;
  /** Sorted. */
  readonly children?: readonly string[];
  readonly results?: readonly PartResult[];
  /** Of a reconfig: what its text says. */
  readonly configVersion?: bigint;
}

export interface Invocation {
  readonly kind: 'invoke';
  readonly id: number;
  readonly session: bigint;
  readonly connection: number;
  readonly server: number;
  /** Tells a session's requests apart; unique within the session. */
  readonly cxid: number;
  readonly op: Operation;
}
export interface Return {
  readonly kind: 'return';
  readonly id: number;
  readonly outcome: Outcome;
}
export interface WatchEvent {
  readonly kind: 'event';
  readonly session: bigint;
  readonly connection: number;
  readonly server: number;
  readonly type: number;
  readonly path: string;
  /** Of the change; negative when the server does not tell. */
  readonly zxid: bigint;
}
/** A session is this connection's from here on, new or again. */
export interface Attached {
  readonly kind: 'attached';
  readonly session: bigint;
  readonly connection: number;
  readonly server: number;
  readonly isNew: boolean;
}
/** The connection is over; nothing more comes of it. */
export interface Lost {
  readonly kind: 'lost';
  readonly session: bigint;
  readonly connection: number;
}
/** The server said that the session is no more. */
export interface Expired {
  readonly kind: 'expired';
  readonly session: bigint;
  readonly server: number;
}
export type HistoryEntry = Invocation | Return | WatchEvent | Attached | Lost | Expired;

/** A transaction as the servers have it, from whichever of them; where it is known, nothing has to be searched for. */
export interface CommittedTxn {
  readonly zxid: bigint;
  readonly session: bigint;
  readonly cxid: number;
  /** An OpCode: createSession, closeSession, error ... */
  readonly type: number;
  /** Of an error transaction, or of a multi that its session was not allowed; 0 of any other. */
  readonly err: number;
}

export type HistoryRule =
  | 'zxid order'
  | 'unique zxid'
  | 'session order'
  | 'acknowledged write lost'
  | 'wrong reply'
  | 'wrong read'
  | 'stale after sync'
  | 'phantom write'
  | 'done twice'
  | 'lost watch'
  | 'spurious event'
  | 'session'
  | 'undecided';

export interface HistoryViolation {
  readonly rule: HistoryRule;
  readonly text: string;
}

export function isWrite(op: Operation): op is WriteOp {
  switch (op.kind) {
    case 'create':
    case 'delete':
    case 'setData':
    case 'multi':
    case 'closeSession':
    case 'reconfig':
      return true;
    default:
      return false;
  }
}

/** `0x1_00000007`: epoch and counter. */
export function zxidText(zxid: bigint): string {
  if (zxid < 0n) return String(zxid);
  return `0x${(zxid >> 32n).toString(16)}_${(zxid & 0xffff_ffffn).toString(16).padStart(8, '0')}`;
}

export function opText(op: Operation): string {
  switch (op.kind) {
    case 'create':
      return `create ${op.path}${op.isEphemeral ? ' -e' : ''}${op.isSequential ? ' -s' : ''} "${op.data}"`;
    case 'delete':
      return `delete ${op.path} v${op.version}`;
    case 'setData':
      return `setData ${op.path} "${op.data}" v${op.version}`;
    case 'multi':
      return `multi [${op.parts.map((part) => (part.kind === 'check' ? `check ${part.path} v${part.version}` : opText(part))).join('; ')}]`;
    case 'getData':
    case 'exists':
    case 'getChildren':
      return `${op.kind} ${op.path}${op.isWatching ? ' -w' : ''}`;
    case 'sync':
      return `sync ${op.path}`;
    case 'reconfig':
      return `reconfig ${op.newMembers?.replaceAll('\n', ',') ?? `+[${op.joining ?? ''}] -[${op.leaving ?? ''}]`} from ${zxidText(op.fromVersion)}`;
    case 'setWatches':
      return `setWatches ${zxidText(op.relativeZxid)} [${[...op.data, ...op.exist, ...op.child].join(' ')}]`;
    default:
      return op.kind;
  }
}
