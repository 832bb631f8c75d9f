/**
 * Ways to put a defect into a member from outside: a method of one of its objects in another's place, a handler that sees other
 * records than were sent, a disk that does not do what it says. Nothing in the server knows of any of it.
 */
import type { Actor } from '../../../src/actor/actor.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import type { FileStore, StoredFile } from '../../../src/persistence/file-store.js';
import type { OpenRole } from '../../../src/zab/open-role.js';
import type { Role } from '../../../src/zab/role.js';

type Handler = (type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number) => void;
type Method = (...args: never[]) => unknown;

const patched = new WeakMap<object, Set<string>>();

/** Once per object: roles come and go, what they work with stays. */
export function patch<T extends object, K extends keyof T & string>(
  target: T,
  name: K,
  replace: (original: T[K]) => T[K],
): void {
  const names = patched.get(target) ?? new Set();
  if (names.has(name)) return;
  patched.set(target, names.add(name));
  const original = (target[name] as Method).bind(target) as T[K];
  target[name] = replace(original);
}

/** The handler of an inbox, with another one in its place. */
export function rehandle(actor: Actor, inbox: string, replace: (original: Handler) => Handler): void {
  const inboxes = actor.inboxes as Record<string, Handler>;
  inboxes[inbox] = replace(inboxes[inbox]);
}

export type RoleHostOf = Parameters<OpenRole>[0];

/** Sees each role's host before the role is made, and the role once it is. */
export function withHost(
  spoilHost: (host: RoleHostOf, isLeader: boolean, role: () => Role | null) => RoleHostOf,
): (openRole: OpenRole) => OpenRole {
  return (openRole) => (host, opening) => {
    let role: Role | null = null;
    const isLeader = opening.decision.leader === host.myId;
    const opened = openRole(
      spoilHost(host, isLeader, () => role),
      opening,
    );
    role = opened.role;
    return opened;
  };
}

/** Each role, as soon as it is made. */
export function withRole(spoilRole: (role: Role, isLeader: boolean) => void): (openRole: OpenRole) => OpenRole {
  return (openRole) => (host, opening) => {
    const opened = openRole(host, opening);
    spoilRole(opened.role, opening.decision.leader === host.myId);
    return opened;
  };
}

/** The same host, but quorums are counted so. */
export function withQuorums(
  host: RoleHostOf,
  count: (real: QuorumVerifier) => QuorumVerifier['containsQuorum'],
): RoleHostOf {
  const { configs } = host;
  const spoil = (real: QuorumVerifier): QuorumVerifier =>
    Object.create(real, { containsQuorum: { value: count(real) } }) as QuorumVerifier;
  const spoilt = Object.create(configs, {
    committed: { get: () => spoil(configs.committed) },
    lastSeen: { get: () => spoil(configs.lastSeen) },
    seen: { value: configs.seen.bind(configs) },
    adopt: { value: configs.adopt.bind(configs) },
    activate: { value: configs.activate.bind(configs) },
  }) as RoleHostOf['configs'];
  return Object.create(host, { configs: { value: spoilt } }) as RoleHostOf;
}

/** A disk on which a sync of such a file (and of its directory) does nothing. */
export function withoutSync(files: FileStore, isLost: (path: string) => boolean): FileStore {
  const spoil = (file: StoredFile): StoredFile => {
    if (!isLost(file.path)) return file;
    return Object.create(file, {
      syncData: { value: () => {} },
      sync: { value: () => {} },
      read: { value: file.read.bind(file) },
      write: { value: file.write.bind(file) },
      truncate: { value: file.truncate.bind(file) },
      size: { value: file.size.bind(file) },
      close: { value: file.close.bind(file) },
    }) as StoredFile;
  };
  const call = <K extends keyof FileStore>(name: K): FileStore[K] =>
    (files[name] as Method).bind(files) as FileStore[K];
  return {
    createNew: (path, like) => spoil(files.createNew(path, like)),
    openForWrite: (path) => spoil(files.openForWrite(path)),
    openForRead: call('openForRead'),
    list: call('list'),
    exists: call('exists'),
    isDirectory: call('isDirectory'),
    sizeOf: call('sizeOf'),
    identityOf: call('identityOf'),
    timesOf: call('timesOf'),
    rename: call('rename'),
    link: call('link'),
    unlink: call('unlink'),
    makeDirectories: call('makeDirectories'),
    canWrite: call('canWrite'),
    syncDirectory: call('syncDirectory'),
  };
}
