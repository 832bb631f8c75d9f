// Who an HTTP client is: the header's schemes, letter by letter, and the socket's address alone (operations 3.6).

import { describe, expect, it } from 'vitest';
import { identitiesOf } from '../../../src/admin/request-auth.js';
import { InlineServer } from '../../testing/inline-server.js';

const AUTH = InlineServer.defaults().auth;

function at(address: string): { address: string; certified: [] } {
  return { address, certified: [] };
}

describe('the Authorization header', () => {
  it('proves a user by digest', () => {
    const [identity] = identitiesOf('digest bob:secret', at('10.0.0.1'), AUTH) ?? [];
    expect(identity?.scheme).toBe('digest');
    expect(identity?.id).toMatch(/^bob:[A-Za-z0-9+/]{27}=$/);
    expect(identitiesOf('digest bob:other', at('10.0.0.1'), AUTH)).not.toEqual([identity]);
  });

  it('makes the super user, when the digest is his', () => {
    const [identity] = identitiesOf('digest bob:secret', at(''), AUTH) ?? [];
    const identities = identitiesOf('digest bob:secret', at(''), { ...AUTH, superDigest: identity?.id ?? null });
    expect(identities?.map(({ scheme }) => scheme)).toEqual(['super', 'digest']);
  });

  it('takes the address of the socket for ip, and nothing that is written behind it', () => {
    expect(identitiesOf('ip', at('::ffff:10.0.0.1'), AUTH)).toEqual([{ scheme: 'ip', id: '10.0.0.1' }]);
    expect(identitiesOf('ip 127.0.0.1', at('10.0.0.1'), AUTH)).toEqual([{ scheme: 'ip', id: '10.0.0.1' }]);
  });

  it.each([
    '',
    ' ',
    'digest',
    'digest  bob:secret',
    'digest bob:secret more',
    'Digest bob:secret',
    'x509',
    'x509 CN=bob',
    'sasl bob',
    'world anyone',
    'super x',
    'basic Ym9iOnNlY3JldA==',
  ])('%j is nobody', (header) => {
    expect(identitiesOf(header, at('10.0.0.1'), AUTH)).toBeNull();
  });

  it('knows no scheme that is switched off', () => {
    expect(identitiesOf('digest bob:secret', at(''), { ...AUTH, schemes: ['ip'] })).toBeNull();
  });
});
