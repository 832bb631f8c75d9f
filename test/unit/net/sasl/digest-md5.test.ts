// The arithmetic of DIGEST-MD5 against the two exchanges printed in RFC 2831, and the one captured from Apache ZooKeeper.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { clientResponse, serverResponse } from '../../../../src/protocol/sasl/digest-md5.js';

const md5 = (input: Uint8Array): Uint8Array => createHash('md5').update(input).digest();

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

describe('the proofs of both sides', () => {
  test.each([
    [
      'IMAP, RFC 2831 4',
      'OA6MG9tEQGm2hh',
      'OA6MHXh6VqTrRk',
      'imap/elwood.innosoft.com',
      'd388dad90d4bbd760a152321f2143af7',
      'ea40f60335c427b5527b84dbabcdfffd',
    ],
    [
      'ACAP, RFC 2831 4',
      'OA9BSXrbuRhWay',
      'OA9BSuZWMSpW8m',
      'acap/elwood.innosoft.com',
      '6084c6db3fede7352c551284490fd0fc',
      '2f0b3d7c3c2e486600ef710726aa2eae',
    ],
  ])('%s', (_name, nonce, cnonce, digestUri, response, rspauth) => {
    const secrets = { user: 'chris', realm: 'elwood.innosoft.com', password: 'secret' };
    const exchange = { nonce: bytes(nonce), cnonce: bytes(cnonce), authzid: null, digestUri: bytes(digestUri) };
    expect(clientResponse(md5, secrets, exchange)).toBe(response);
    expect(serverResponse(md5, secrets, exchange)).toBe(rspauth);
  });

  test('V55', () => {
    const secrets = { user: 'bob', realm: 'zk-sasl-md5', password: 'bobsecret' };
    const exchange = {
      nonce: bytes('XRLjRyW4LFlksOOiMUXMllhf8eMOtnZlD2cvSrXs'),
      cnonce: bytes('0123456789abcdef'),
      authzid: null,
      digestUri: bytes('zookeeper/zk-sasl-md5'),
    };
    expect(clientResponse(md5, secrets, exchange)).toBe('a25f227c331370141dc433ef204aa511');
    expect(serverResponse(md5, secrets, exchange)).toBe('5b4868684a0367e43ceb6e3d8644ef63');
  });

  // Made by Java's own client of this mechanism (OpenJDK 17), which chose the cnonces.
  test.each([
    [
      'letters of ISO 8859-1 count as one byte each',
      'ü',
      'pä',
      null,
      'jMlLHzZkZyCquIMYBU+NfbCPFLS9YZ8gn1GM+gjR',
      '2f120492d3474f85a1566e808bcdd761',
    ],
    [
      'others are UTF-8, text by text',
      'ł',
      'pä',
      null,
      'uJgAc2tPf9oYHg9g1kagsZsU3omZG1Tt/HH3oo1r',
      '1dc9104afc63d8e87ecd1127b6cc8633',
    ],
    [
      'an authorization id is part of it',
      'bob',
      'bobsecret',
      'ann',
      'diSGxnAPHYFkM/ErQvtqvJEeN4RNpM6g2yixqGc6',
      '544f5e9eb4656018b53f75727e2eb5bb',
    ],
  ])('%s', (_name, user, password, authzid, cnonce, response) => {
    const exchange = {
      nonce: bytes('n'),
      cnonce: bytes(cnonce),
      authzid: authzid === null ? null : bytes(authzid),
      digestUri: bytes('zookeeper/zk-sasl-md5'),
    };
    expect(clientResponse(md5, { user, realm: 'zk-sasl-md5', password }, exchange)).toBe(response);
  });
});
