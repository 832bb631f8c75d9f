/**
 * The values that break decoders and validators: edges of integers, texts that are no UTF-8 or no path, lengths that lie.
 * Data only; the generator draws from it. Names that mean something to JavaScript objects are among the ordinary ones on
 * purpose: they must be ordinary.
 */
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export const ORDINARY_NAMES: readonly string[] = [
  'a',
  'b',
  'c',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'zookeeper',
  'é',
  '日本',
  '😀',
  'a b',
  '%00',
  '..a',
  '-0000000001',
];

export const EVIL_INTS: readonly number[] = [
  -1, 0, 1, 2, 0x7fff_ffff, 0x7fff_fffe, -0x8000_0000, -0x7fff_ffff, 0xff, 0x100, 0xffff, 0x1_0000, 31, 32, 0x5555_5555,
];

export const EVIL_LONGS: readonly bigint[] = [
  -1n,
  0n,
  1n,
  (1n << 63n) - 1n,
  -(1n << 63n),
  (1n << 32n) - 1n,
  1n << 32n,
  1n << 53n,
  0xff_ffff_ffffn,
  0x100_0000_0000n,
  -(1n << 32n),
];

export const EVIL_BYTES: readonly number[] = [0, 1, 2, 0x7f, 0x80, 0xff];

/** In place of a true length. */
export const LYING_LENGTHS: readonly number[] = [
  -1, -2, -0x8000_0000, 0, 0x7fff_ffff, 0x10_0000, 0xf_ffff, 0x4000_0000,
];

/** In place of a true count of a vector. */
export const LYING_COUNTS: readonly number[] = [-1, -2, -0x8000_0000, 0, 1, 1000, 0x7fff_ffff, 0x0fff_ffff];

const REPLACED_BY_PATHS = [
  '\u0000',
  '/a\u0000b',
  '/a\u0001',
  '/\u007f',
  '/\u009f',
  '/\ud7ff',
  '/\uf8ff',
  '/\ufff0',
  '/\ufeff',
];

export const EVIL_TEXTS: readonly Uint8Array[] = [
  encode(''),
  ...REPLACED_BY_PATHS.map(encode),
  // No UTF-8: a stray byte, an overlong NUL, surrogates alone and as a pair, beyond U+10FFFF, cut short.
  Uint8Array.of(0x2f, 0xff),
  Uint8Array.of(0x2f, 0xc0, 0x80),
  Uint8Array.of(0x2f, 0xed, 0xa0, 0x80),
  Uint8Array.of(0x2f, 0xed, 0xb0, 0x80),
  Uint8Array.of(0x2f, 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80),
  Uint8Array.of(0x2f, 0xf4, 0x90, 0x80, 0x80),
  Uint8Array.of(0x2f, 0xe2, 0x82),
  Uint8Array.of(0x2f, 0x80, 0x80, 0x80),
];

export const EVIL_PATHS: readonly Uint8Array[] = [
  ...EVIL_TEXTS,
  ...[
    '/',
    '//',
    'a',
    'a/b',
    '/a/',
    '/a//b',
    '/.',
    '/..',
    '/a/.',
    '/a/..',
    '/a/./b',
    '/a/../guarded',
    '/../guarded/secret',
    '/zookeeper',
    '/zookeeper/quota',
    '/zookeeper/config',
    '/zookeeper/quota/a/zookeeper_limits',
    '/zookeeper/quota/a/zookeeper_stats',
    '/zookeeper/quota/guarded/zookeeper_limits',
    '/a\\b',
    `/${'x'.repeat(5000)}`,
    '/a'.repeat(2000),
    `/${'日'.repeat(2000)}`,
  ].map(encode),
];

export const SCHEMES: readonly string[] = [
  'world',
  'auth',
  'digest',
  'ip',
  'x509',
  'sasl',
  'super',
  'host',
  '',
  '__proto__',
  'constructor',
  'toString',
];

export const ACL_IDS: readonly string[] = [
  'anyone',
  '',
  'mallory:EXcMR4pTpsFpIvV21WhHvQvFFqQ=',
  '127.0.0.1',
  '127.0.0.1/33',
  '0.0.0.0/0',
  '::1',
  '1.2.3.256',
  '__proto__',
  'a:b:c',
  'CN=mallory',
];

/** What an attacker has to offer. The guards' passwords are not among it. */
export const CREDENTIALS: readonly string[] = [
  'mallory:secret',
  'super:secret',
  'super:',
  ':',
  '',
  'super',
  '__proto__:x',
  'constructor:x',
  'owner:guess',
  'owner',
];

const SASL_ANSWER =
  'username="bob",realm="zk-sasl-md5",nonce="x",cnonce="y",nc=00000001,qop=auth,digest-uri="zookeeper/zk-sasl-md5",' +
  'response=00112233445566778899aabbccddeeff,charset=utf-8';

/** The first is how a login begins; the others might come second. */
export const SASL_TOKENS: readonly string[] = [
  '',
  SASL_ANSWER,
  SASL_ANSWER.replace('"bob"', '"__proto__"'),
  SASL_ANSWER.replace('"bob"', '"bob'),
  SASL_ANSWER.replace('nc=00000001', 'nc=ffffffff,nc=1'),
  SASL_ANSWER.replace('qop=auth', 'qop=auth-conf'),
  SASL_ANSWER.replace('"x"', `"${'x'.repeat(3000)}"`),
  'username=',
  ',,,===',
  '"\\',
  '__proto__="x",constructor=y',
];
