// The flags of a create request (CreateMode). The opcode decides what kind of node is made; the flags decide
// ephemeral, sequential and, together with the opcode, TTL. Any thread; constants only.
// Which combinations a server accepts is not decided here but by prep (client-protocol 3.6).

export const CreateMode = {
  Persistent: 0,
  Ephemeral: 1,
  PersistentSequential: 2,
  EphemeralSequential: 3,
  Container: 4,
  PersistentWithTtl: 5,
  PersistentSequentialWithTtl: 6,
} as const;
export type CreateMode = (typeof CreateMode)[keyof typeof CreateMode];

/** Largest time to live, ms: five bytes. */
export const TTL_MS_MAX = 0xff_ffff_ffff;

/** In the order of the flags; the audit log prints them. */
const NAMES: readonly string[] = [
  'persistent',
  'ephemeral',
  'persistent_sequential',
  'ephemeral_sequential',
  'container',
  'persistent_with_ttl',
  'persistent_sequential_with_ttl',
];

export function isCreateMode(flags: number): flags is CreateMode {
  return flags >= CreateMode.Persistent && flags <= CreateMode.PersistentSequentialWithTtl;
}

export function isEphemeral(flags: number): boolean {
  return flags === CreateMode.Ephemeral || flags === CreateMode.EphemeralSequential;
}

export function isSequential(flags: number): boolean {
  return (
    flags === CreateMode.PersistentSequential ||
    flags === CreateMode.EphemeralSequential ||
    flags === CreateMode.PersistentSequentialWithTtl
  );
}

export function isTtl(flags: number): boolean {
  return flags === CreateMode.PersistentWithTtl || flags === CreateMode.PersistentSequentialWithTtl;
}

export function createModeName(flags: CreateMode): string {
  return NAMES[flags];
}
