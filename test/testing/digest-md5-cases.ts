/**
 * Responses to a DIGEST-MD5 challenge, and whether they log user bob in: what Apache ZooKeeper 3.8.0 on OpenJDK 17 said to each
 * when this list was made. Used on the state machine alone and on whole servers, Apache's among them.
 */
import { type DigestMd5Message, digestMd5Response } from './digest-md5-client.js';

export interface DigestMd5Case {
  readonly name: string;
  readonly succeeds: boolean;
  respond(challenge: string): string;
}

const message = (name: string, succeeds: boolean, sent: DigestMd5Message): DigestMd5Case => ({
  name,
  succeeds,
  respond: (challenge) => digestMd5Response(challenge, sent),
});

const text = (name: string, succeeds: boolean, change: (right: string) => string): DigestMd5Case => ({
  name,
  succeeds,
  respond: (challenge) => change(digestMd5Response(challenge)),
});

const padded = (right: string, length: number): string => `${right},x=${'y'.repeat(length - right.length - 3)}`;

export const DIGEST_MD5_CASES: readonly DigestMd5Case[] = [
  message('right', true, {}),
  message('wrong password', false, { password: 'x' }),
  message('empty password', false, { password: '' }),
  message('nc written otherwise', true, { sent: { nc: '1' } }),
  message('no nc', true, { sent: { nc: null } }),
  message('digest-uri in capitals', true, { digestUri: 'ZOOKEEPER/ZK-SASL-MD5' }),
  message('digest-uri with a service name', false, { digestUri: 'zookeeper/zk-sasl-md5/x' }),
  message('digest-uri of the host', false, { digestUri: 'zookeeper/localhost' }),
  message('no digest-uri', false, { sent: { 'digest-uri': null } }),
  message('no qop', true, { sent: { qop: null } }),
  message('qop in quotes', true, { sent: { qop: '"auth"' } }),
  message('qop auth-int', false, { qop: 'auth-int', sent: { qop: 'auth-int' } }),
  message('no charset', true, { sent: { charset: null } }),
  message('charset in capitals', false, { sent: { charset: 'UTF-8' } }),
  message('another charset', false, { sent: { charset: 'iso-8859-1' } }),
  message('no realm', false, { sent: { realm: null } }),
  message('another realm', false, { realm: 'x' }),
  message('empty realm', false, { realm: '' }),
  message('no username', false, { sent: { username: null } }),
  message('no nonce', false, { sent: { nonce: null } }),
  message('another nonce', false, { sent: { nonce: '"x"' } }),
  message('no cnonce', false, { sent: { cnonce: null } }),
  message('no response', false, { sent: { response: null } }),
  message('a short response', false, { sent: { response: 'ab' } }),
  message('no maxbuf', true, { sent: { maxbuf: null } }),
  message('maxbuf 0', true, { sent: { maxbuf: '0' } }),
  message('an unknown directive', true, { sent: { foo: 'bar' } }),
  message('an authorization id', true, { authzid: 'ann' }),
  message('an empty authorization id', true, { authzid: '' }),
  message('username without quotes', true, { sent: { username: 'bob' } }),
  message('username with a backslash', true, { sent: { username: '"b\\ob"' } }),
  message('something behind a quote', false, { sent: { username: '"bob"x' } }),
  text('nonce without quotes', true, (right) => right.replace(/nonce="([^"]*)"/, 'nonce=$1')),
  text('response in quotes', true, (right) => right.replace(/response=(\w+)/, 'response="$1"')),
  text('response in capitals', false, (right) => right.replace(/=[0-9a-f]{32}/, (digits) => digits.toUpperCase())),
  text('a key in capitals', true, (right) => right.replace('username', 'USERNAME')),
  text('username twice', false, (right) => `${right},username="ann"`),
  text('realm twice', false, (right) => `${right},realm="x"`),
  text('blanks round commas', true, (right) => right.replaceAll(',', ' , ')),
  text('blanks round equals signs', true, (right) => right.replaceAll('=', ' = ')),
  text('line ends', true, (right) => right.replaceAll(',', '\r\n\t,')),
  text('a comma in front', true, (right) => `,${right}`),
  text('a comma behind', true, (right) => `${right},`),
  text('two commas', true, (right) => right.replaceAll(',', ',,')),
  text('a quote that does not end', false, (right) => `${right},foo="bar`),
  text('a key without a value', true, (right) => `${right},foo`),
  text('a value that is missing', false, (right) => `${right},foo=`),
  text('as long as may be', true, (right) => padded(right, 4096)),
  text('longer', false, (right) => padded(right, 4097)),
  text('nothing', false, () => ''),
  text('a word', false, () => 'junk'),
];
