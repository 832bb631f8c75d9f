// The set of identities of a connection, and its order, which whoAmI and `auth` entries show: as Apache ZooKeeper told it for
// the same logins.

import { describe, expect, test } from 'vitest';
import type { Identity } from '../../../../src/processor/acl.js';
import { joinIdentities } from '../../../../src/processor/auth/identities.js';

const IP: Identity = { scheme: 'ip', id: '127.0.0.1' };

/** base64 of SHA-1 of `user:password`, in the order of the logins. */
const LOGINS: readonly (readonly [string, string])[] = [
  ['bob', 'ikIaKsbtGweaHnb/jKn7OHqbunM='],
  ['ann', '1ltHajLHR9hXAbt3n15FtKsvSvI='],
  ['zoe', 'C41IQXV27lFgEZZg9AIOwQDD6u0='],
  ['tim', '/rK3wW8FuwX8d+rQwZU8d7/WVOU='],
  ['u1', '4vd57NzrZupIZUuGLINQ2GP2QS0='],
  ['u2', 'NELuh5JsKTaBTOLikllb/wGydZU='],
  ['u3', 'ynkbjAhBQgXXgWcQ9uQw68cZRoM='],
  ['u4', 'uZWveeRNA2kB0wQKpnrSW3S3zFY='],
  ['u5', '1tHEudDS1n3zVyDJHxjDgTH3XYY='],
  ['u6', 'AiLm6DJHmJhhVpzMpMveCrIz0vU='],
  ['u7', 'Nh+YvaUrDtsWk8AW875J7i01+vk='],
  ['u8', 'bSYwlCA0vucjKUYdbzWX2fu4S1Y='],
  ['u9', '5h2vUyeQNqlAoJYlwhOmHItPn50='],
];

/** What the reference answered to whoAmI after that many logins. */
const TOLD: ReadonlyMap<number, string> = new Map([
  [0, 'ip'],
  [1, 'bob ip'],
  [2, 'bob ann ip'],
  [4, 'bob ann zoe tim ip'],
  [5, 'bob ann zoe tim ip u1'],
  [8, 'bob u2 ann zoe tim u3 ip u1 u4'],
  [10, 'bob u2 u6 ann zoe tim u3 u5 ip u1 u4'],
  // Here its table has grown.
  [11, 'u7 u5 ip u1 bob u2 u6 ann zoe tim u3 u4'],
  [13, 'u7 u5 ip u1 u9 bob u2 u6 ann zoe tim u3 u4 u8'],
]);

describe('identities', () => {
  test.each([...TOLD])('after %d logins', (count, told) => {
    let identities: readonly Identity[] = [IP];
    for (const [user, hash] of LOGINS.slice(0, count)) {
      identities = joinIdentities(identities, [{ scheme: 'digest', id: `${user}:${hash}` }]);
    }
    const names = identities.map(({ scheme, id }) => (scheme === 'ip' ? 'ip' : id.split(':')[0]));
    expect(names.join(' ')).toBe(told);
  });

  test('the same one twice is one, and leaves the list as it is', () => {
    const bob: Identity = { scheme: 'digest', id: 'bob:x' };
    const one = joinIdentities([IP], [bob, { ...bob }]);
    expect(one).toHaveLength(2);
    expect(joinIdentities(one, [{ ...bob }, IP])).toBe(one);
  });

  test('the same id in another scheme is another', () => {
    expect(joinIdentities([{ scheme: 'sasl', id: 'bob' }], [{ scheme: 'x509', id: 'bob' }])).toHaveLength(2);
  });

  test('a list that somebody holds does not change', () => {
    const held: readonly Identity[] = Object.freeze([IP]);
    expect(joinIdentities(held, [{ scheme: 'digest', id: 'a:b' }])).toHaveLength(2);
    expect(held).toEqual([IP]);
  });
});
