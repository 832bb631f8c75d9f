// The fix-up of ACLs and the permission check on random lists and identities of every scheme, against the rules of
// client-protocol 6.6 written down a second time, over objects, in the plainest words. SEED=n runs one seed alone.

import { expect, test } from 'vitest';
import { Prng } from '../../../../src/base/prng.js';
import { JuteWriter } from '../../../../src/jute/jute-writer.js';
import {
  type AclEntry,
  AclPolicy,
  aclVectorEnd,
  type Identity,
  Permission,
  parseStoredAcl,
} from '../../../../src/processor/acl.js';
import { aclSchemes, SCHEME_NAMES, type SchemeName } from '../../../../src/processor/auth/acl-schemes.js';
import { ScratchBytes } from '../../../../src/processor/scratch-bytes.js';
import { ErrorCode } from '../../../../src/protocol/error-code.js';

const SEEDS = process.env.SEED === undefined ? [1, 2, 3] : [Number(process.env.SEED)];
const LISTS_PER_SEED = 3000;
const ANY_USER = 'everybody';
const X509_SUPER = 'CN=root';

interface Entry {
  readonly perms: number;
  readonly scheme: string | null;
  readonly id: string | null;
}

interface World {
  readonly schemes: readonly SchemeName[];
  readonly identities: readonly Identity[];
}

/** Ids of each scheme: those that may stand in an ACL, then those that may not. */
const IDS: Readonly<Record<SchemeName, readonly [readonly string[], readonly string[]]>> = {
  ip: [
    ['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fe80::/10'],
    ['10.0.0', '10.0.0.1/33', 'x', ''],
  ],
  digest: [
    ['a:b', ':b', 'a:b:', 'bob:x'],
    ['ab', 'a:', 'a::b', ''],
  ],
  sasl: [
    ['bob', 'super', ANY_USER, '', 'a/b@c'],
    ['a@b@c', 'a/b/c@d'],
  ],
  x509: [
    ['CN=a', X509_SUPER, ''],
    ['a', 'CN=a,'],
  ],
  ensemble: [[], ['one', '']],
};
const IDENTITIES: readonly Identity[] = [
  { scheme: 'ip', id: '10.0.0.1' },
  { scheme: 'ip', id: '0:0:0:0:0:0:0:1' },
  { scheme: 'digest', id: 'a:b' },
  { scheme: 'digest', id: 'bob:x' },
  { scheme: 'sasl', id: 'bob' },
  { scheme: 'sasl', id: 'super' },
  { scheme: 'x509', id: 'CN=a' },
  { scheme: 'x509', id: X509_SUPER },
  { scheme: 'super', id: '' },
];
/** Which identity lies in which of the ids above: looked up, not computed. */
const IP_MATCHES: ReadonlySet<string> = new Set([
  '10.0.0.1 10.0.0.1',
  '10.0.0.1 10.0.0.0/8',
  '10.0.0.1 0.0.0.0/0',
  '0:0:0:0:0:0:0:1 ::1',
]);
const FAILING_ON_NULL: ReadonlySet<string> = new Set(['ip', 'digest', 'sasl', 'x509']);

function modelFixUp(list: readonly Entry[] | null, world: World): readonly AclEntry[] | number {
  if (list === null || list.length === 0) return ErrorCode.InvalidACL;
  // Entry by entry, each against those before it: a null field that has to be compared is an unexpected failure.
  for (const [i, entry] of list.entries()) {
    for (const earlier of list.slice(0, i).filter(({ perms }) => perms === entry.perms)) {
      if (entry.scheme === null) return ErrorCode.MarshallingError;
      if (entry.scheme === earlier.scheme && entry.id === null) return ErrorCode.MarshallingError;
    }
  }
  const texts = list.map((entry) => JSON.stringify([entry.perms, entry.scheme, entry.id]));
  const stored: AclEntry[] = [];
  for (const [i, { perms, scheme, id }] of list.entries()) {
    if (texts.indexOf(texts[i] as string) < i) continue;
    if (scheme === null) return ErrorCode.InvalidACL;
    if (scheme === 'auth') {
      const logins = world.identities.filter(
        (identity) => identity.scheme !== 'ip' && (world.schemes as readonly string[]).includes(identity.scheme),
      );
      if (logins.length === 0) return ErrorCode.InvalidACL;
      stored.push(...logins.map((login) => ({ perms, ...login })));
      continue;
    }
    if (scheme === 'world') {
      if (id === null) return ErrorCode.MarshallingError;
      if (id !== 'anyone') return ErrorCode.InvalidACL;
    } else {
      if (!(world.schemes as readonly string[]).includes(scheme)) return ErrorCode.InvalidACL;
      if (id === null) return FAILING_ON_NULL.has(scheme) ? ErrorCode.MarshallingError : ErrorCode.InvalidACL;
      if (!IDS[scheme as SchemeName][0].includes(id)) return ErrorCode.InvalidACL;
    }
    stored.push({ perms, scheme, id });
  }
  return stored;
}

function modelAllows(list: readonly AclEntry[], permission: number, world: World): boolean {
  if (world.identities.some(({ scheme }) => scheme === 'super')) return true;
  return list.some((entry) => {
    if ((entry.perms & permission) === 0) return false;
    if (entry.scheme === 'world') return entry.id === 'anyone';
    if (!(world.schemes as readonly string[]).includes(entry.scheme)) return false;
    const ids = world.identities.filter(({ scheme }) => scheme === entry.scheme).map(({ id }) => id);
    switch (entry.scheme) {
      case 'ip':
        return ids.some((id) => IP_MATCHES.has(`${id} ${entry.id}`));
      case 'sasl':
        return ids.includes(entry.id) || ids.includes('super') || (entry.id === ANY_USER && ids.length > 0);
      case 'x509':
        return ids.includes(entry.id) || ids.includes(X509_SUPER);
      default:
        return ids.includes(entry.id);
    }
  });
}

class Draw {
  private readonly prng: Prng;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  oneIn(count: number): boolean {
    return this.prng.below(count) === 0;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.prng.below(choices.length)] as T;
  }

  some<T>(choices: readonly T[]): T[] {
    return choices.filter(() => this.oneIn(2));
  }

  list(): Entry[] | null {
    if (this.oneIn(60)) return null;
    return Array.from({ length: this.prng.below(5) }, () => this.entry());
  }

  private entry(): Entry {
    const perms = this.of([0, 1, 2, 16, 31, 31, 31, -1]);
    if (this.oneIn(40)) return { perms, scheme: null, id: 'x' };
    if (this.oneIn(3)) return { perms, scheme: 'world', id: this.oneIn(12) ? this.of([null, 'all']) : 'anyone' };
    if (this.oneIn(4)) return { perms, scheme: 'auth', id: this.of([null, '', 'x']) };
    if (this.oneIn(25)) return { perms, scheme: this.of(['nosuch', 'super', '', 'Digest', '__proto__']), id: 'x' };
    const scheme = this.of(SCHEME_NAMES);
    const [valid, invalid] = IDS[scheme];
    const id = this.oneIn(40) ? null : this.of(valid.length > 0 && !this.oneIn(10) ? valid : invalid);
    return { perms, scheme, id };
  }
}

function encoded(list: readonly Entry[] | null): Uint8Array {
  const w = new JuteWriter();
  w.writeInt(list === null ? -1 : list.length);
  for (const { perms, scheme, id } of list ?? []) {
    w.writeInt(perms);
    w.writeUstring(scheme);
    w.writeUstring(id);
  }
  return w.toBytes();
}

test.for(SEEDS)('seed %d', (seed) => {
  const draw = new Draw(seed);
  const seen = { stored: 0, refused: 0, failed: 0, allowed: 0, denied: 0 };
  for (let i = 0; i < LISTS_PER_SEED; i++) {
    const world: World = {
      schemes: draw.oneIn(2) ? SCHEME_NAMES : draw.some(SCHEME_NAMES),
      identities: draw.some(IDENTITIES).filter(({ scheme }) => scheme !== 'super' || draw.oneIn(8)),
    };
    const policy = new AclPolicy(
      false,
      aclSchemes({ schemes: world.schemes, anySaslUserId: ANY_USER, x509SuperUser: X509_SUPER }),
    );
    const list = draw.list();
    const bytes = encoded(list);
    const out = new ScratchBytes();
    if (aclVectorEnd(bytes, 0, bytes.length) !== bytes.length) throw new Error('the list does not decode');
    const error = policy.fixUp(bytes, 0, bytes.length, () => world.identities, out);
    const expected = modelFixUp(list, world);
    const check = (what: string, actual: unknown, due: unknown): void => {
      if (JSON.stringify(actual) === JSON.stringify(due)) return;
      throw new Error(
        `${what} ${JSON.stringify(actual)}, not ${JSON.stringify(due)}: ${JSON.stringify({ list, ...world })}`,
      );
    };
    if (typeof expected === 'number') {
      check('error', error, expected);
      if (expected === ErrorCode.InvalidACL) seen.refused++;
      else seen.failed++;
      continue;
    }
    check('error', error, ErrorCode.Ok);
    const isOpen = JSON.stringify(expected) === JSON.stringify([{ perms: 31, scheme: 'world', id: 'anyone' }]);
    const stored = isOpen ? null : parseStoredAcl(out.bytes, 0, out.length);
    if (isOpen) check('bytes', out.length, 0);
    else check('stored', stored, expected);
    seen.stored++;
    for (const permission of [Permission.read, Permission.admin, Permission.read | Permission.admin]) {
      const allowed = modelAllows(expected, permission, world);
      check(`permission ${permission}`, policy.allows(stored, permission, world.identities), allowed);
      if (allowed) seen.allowed++;
      else seen.denied++;
    }
  }
  // Every outcome is there, often enough to mean something.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(LISTS_PER_SEED / 100);
});

test('a list of a hundred thousand entries takes no time to speak of', () => {
  const entries = Array.from({ length: 87_000 }, (_, i): Entry => ({ perms: i, scheme: '', id: '' }));
  const bytes = encoded(entries);
  const policy = new AclPolicy(false, aclSchemes({ schemes: SCHEME_NAMES, anySaslUserId: null, x509SuperUser: null }));
  const began = performance.now();
  expect(policy.fixUp(bytes, 0, bytes.length, () => [], new ScratchBytes())).toBe(ErrorCode.InvalidACL);
  // Comparing each with each would be four thousand million comparisons.
  expect(performance.now() - began).toBeLessThan(3000);
});

test('skipACL lets everybody do everything', () => {
  const nobody: readonly AclEntry[] = [{ perms: 0, scheme: 'world', id: 'anyone' }];
  expect(new AclPolicy(true, []).allows(nobody, Permission.admin, [])).toBe(true);
  expect(new AclPolicy(false, []).allows(nobody, Permission.admin, [])).toBe(false);
});
