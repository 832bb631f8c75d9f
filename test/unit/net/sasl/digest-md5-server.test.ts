// One DIGEST-MD5 negotiation seen from the server: what is challenged, who gets in, and that it ends there.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../../src/base/prng.js';
import { DigestMd5Server, type SaslStep } from '../../../../src/net/sasl/digest-md5-server.js';
import { DIGEST_MD5_CASES } from '../../../testing/digest-md5-cases.js';
import { digestMd5Response } from '../../../testing/digest-md5-client.js';

const PASSWORDS = new Map([
  ['bob', 'bobsecret'],
  ['ü', 'pä'],
  ['empty', ''],
]);

class Talk {
  readonly server = new DigestMd5Server(PASSWORDS, 'A+nonce/of/forty/characters');

  say(text: string): SaslStep {
    return this.server.evaluate(Buffer.from(text, 'utf8'));
  }

  challenge(first = ''): string {
    const step = this.say(first);
    if (step.kind !== 'challenge') throw new Error(step.kind);
    return step.token;
  }
}

test('the challenge is the reference’s, whatever the first token says', () => {
  const challenge = 'realm="zk-sasl-md5",nonce="A+nonce/of/forty/characters",charset=utf-8,algorithm=md5-sess';
  expect(new Talk().challenge()).toBe(challenge);
  expect(new Talk().challenge('username="bob"')).toBe(challenge);
});

describe('a response', () => {
  test.each(DIGEST_MD5_CASES)('$name: $succeeds', ({ respond, succeeds }) => {
    const talk = new Talk();
    const step = talk.say(respond(talk.challenge()));
    if (succeeds) expect(step).toMatchObject({ kind: 'done', user: 'bob' });
    else expect(step.kind).toBe('failed');
  });

  test('proves the server as well', () => {
    const talk = new Talk();
    const step = talk.say(digestMd5Response(talk.challenge()));
    expect(step).toMatchObject({ token: expect.stringMatching(/^rspauth=[0-9a-f]{32}$/) });
  });

  test.each([
    ['ü', 'pä'],
    ['empty', ''],
  ])('of user %s', (user, password) => {
    const talk = new Talk();
    expect(talk.say(digestMd5Response(talk.challenge(), { user, password }))).toMatchObject({ kind: 'done', user });
  });

  test.each(['eve', '__proto__', 'constructor', ''])(
    'of the unknown user "%s", with a known password, fails',
    (user) => {
      // The reference lets it pass when somebody else has logged in before.
      const before = new Talk();
      expect(before.say(digestMd5Response(before.challenge())).kind).toBe('done');
      const talk = new Talk();
      expect(talk.say(digestMd5Response(talk.challenge(), { user })).kind).toBe('failed');
    },
  );

  test('does not tell the password or the proof when it is wrong', () => {
    const talk = new Talk();
    const sent = digestMd5Response(talk.challenge(), { password: 'guessed' });
    const step = talk.say(sent);
    const response = /response=(\w+)/.exec(sent)?.[1] as string;
    expect(step).toEqual({ kind: 'failed', reason: 'wrong response for user "bob"' });
    expect(JSON.stringify(step)).not.toContain(response);
  });
});

describe('the end', () => {
  test('comes with success', () => {
    const talk = new Talk();
    const right = digestMd5Response(talk.challenge());
    expect(talk.say(right).kind).toBe('done');
    expect(talk.say(right).kind).toBe('failed');
    expect(talk.say('').kind).toBe('failed');
  });

  test('comes with failure: there is no second guess', () => {
    const talk = new Talk();
    const challenge = talk.challenge();
    expect(talk.say(digestMd5Response(challenge, { password: 'x' })).kind).toBe('failed');
    expect(talk.say(digestMd5Response(challenge)).kind).toBe('failed');
    expect(talk.say('').kind).toBe('failed');
  });
});

describe('what nobody meant to send', () => {
  const prng = new Prng(7);

  test('random bytes are refused, and break nothing', () => {
    const alphabet = Buffer.from('a=",\\ \t\r\n;\0\xff', 'latin1');
    for (let i = 0; i < 5000; i++) {
      const talk = new Talk();
      talk.challenge();
      const token = Uint8Array.from({ length: prng.below(40) }, () => alphabet[prng.below(alphabet.length)] as number);
      expect(talk.server.evaluate(token).kind).toBe('failed');
    }
  });

  test('a right response with one byte changed is refused, or still bob’s', () => {
    let refused = 0;
    const length = digestMd5Response(new Talk().challenge()).length;
    for (let at = 0; at < length; at++) {
      for (const change of [1, 32, 128]) {
        const talk = new Talk();
        const token = Buffer.from(digestMd5Response(talk.challenge()), 'utf8');
        token[at] = (token[at] as number) ^ change;
        const step = talk.server.evaluate(token);
        if (step.kind === 'failed') refused++;
        else expect(step).toMatchObject({ kind: 'done', user: 'bob' });
      }
    }
    expect(refused).toBeGreaterThan(length);
  });
});
