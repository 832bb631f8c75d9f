import { describe, expect, it } from 'vitest';
import { QuorumConfigError } from '../../../src/election/member-text.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';

const CFG3 =
  'server.1=127.0.0.1:31281:31381:participant\n' +
  'server.2=127.0.0.1:31282:31382:participant\n' +
  'server.3=127.0.0.1:31283:31383:participant\n' +
  'version=0';

const HIERARCHICAL =
  'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nserver.3=c:1:2:participant\n' +
  'server.4=d:1:2:observer\ngroup.1=1:2\ngroup.2=3\nweight.1=2\nweight.2=1\nweight.3=1\nversion=100000003';

describe('the text of a configuration', () => {
  it('is canonical: members by rising id, version last, no newline behind it', () => {
    expect(parseQuorumConfigText(CFG3).toText()).toBe(CFG3);
    expect(CFG3).toHaveLength(138);
  });

  it('is read in any order of lines, with blanks and comments, as Java reads properties', () => {
    const text =
      '# members\n version = 1ff\nserver.2 = b:1:2\r\nserver.1: a:1:2:PARTICIPANT;2181\nserver.3=[::1]:1:2:observer;[::]:2181\n';
    expect(parseQuorumConfigText(text).toText()).toBe(
      'server.1=a:1:2:participant;0.0.0.0:2181\nserver.2=b:1:2:participant\n' +
        'server.3=[0:0:0:0:0:0:0:1]:1:2:observer;[0:0:0:0:0:0:0:0]:2181\nversion=1ff',
    );
  });

  it('has addresses of IPv6 written out, as Apache ZooKeeper told them; inside they are as the system tells them', () => {
    const told = 'server.1=[0:0:0:0:0:0:0:1]:29182:29183:participant;[0:0:0:0:0:0:0:1]:29184\nversion=100000000';
    const hostOf = (text: string) =>
      parseQuorumConfigText(`server.1=[${text}]:1:2\nversion=0`).member(1)?.addresses[0]?.host;
    for (const text of ['::1', '0:0:0:0:0:0:0:1', '0000:0::0001'])
      expect(parseQuorumConfigText(told.replaceAll('0:0:0:0:0:0:0:1', text)).toText()).toBe(told);
    expect(parseQuorumConfigText(told).member(1)?.addresses[0]?.host).toBe('::1');
    expect(hostOf('FE80:0:0:0:1:0:0:A')).toBe('fe80::1:0:0:a');
    expect(hostOf('1:0:0:2:0:0:0:3')).toBe('1:0:0:2::3');
    expect(hostOf('1:0:0:2:3:0:0:4')).toBe('1::2:3:0:0:4');
    expect(hostOf('1:2:3:4:5:6:7:0')).toBe('1:2:3:4:5:6:7:0');
    expect(hostOf('10:0:0:0:0:0:0:0')).toBe('10::');
    expect(hostOf('0:0:0:0:0:0:0:0')).toBe('::');
    expect(hostOf('::ffff:127.0.0.1')).toBe('127.0.0.1');
    expect(hostOf('fe80::1%eth0')).toBe('fe80::1%eth0');
    expect(hostOf('a')).toBe('a');
  });

  it('has the addresses of a member sorted by host', () => {
    expect(parseQuorumConfigText('server.1=b:1:2|a:3:4\nversion=0').toText()).toBe(
      'server.1=a:3:4|b:1:2:participant\nversion=0',
    );
  });

  it('tells groups, and a weight of every participant', () => {
    const text = HIERARCHICAL.replace('weight.2=1\n', '').replace('group.1=1:2', 'group.1=2:1');
    const verifier = parseQuorumConfigText(text);
    expect(verifier.hierarchical).toBe(true);
    expect(verifier.toText()).toBe(HIERARCHICAL);
  });

  it('has a version of 64 bits', () => {
    const verifier = parseQuorumConfigText('server.1=a:1:2\nversion=fffffffe80000001');
    expect([verifier.versionHi, verifier.versionLo]).toEqual([-2, -0x7fffffff]);
    expect(verifier.toText()).toMatch(/\nversion=fffffffe80000001$/);
  });

  it.each([
    ['', 'a configuration has at least one participant'],
    ['version=0', 'a configuration has at least one participant'],
    ['server.1=a:1:2:observer\nversion=0', 'a configuration has at least one participant'],
    ['server.1=a:1:2\nclientPort=2181', 'Unrecognised parameter: clientPort'],
    ['server.1=a:1:2\nversion=0x10', 'For input string: "0x10"'],
    ['server.1=a:1:2\nversion=11111111111111111', 'For input string: "11111111111111111"'],
    ['server.1=a:1:2\nversion=-1', 'For input string: "-1"'],
    ['server.x=a:1:2', 'For input string: "x"'],
    ['server.9223372036854775807=a:1:2', 'For input string: "9223372036854775807"'],
    ['server.1=a:1', 'a:1 does not have the form'],
    ['server.1=a:1:70000', 'port out of range:70000'],
    ['server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1', 'Server 2is not in a group'],
    ['server.1=a:1:2\ngroup.1=1\ngroup.2=1', 'Server 1is in multiple groups'],
    ['server.1=\\u00', 'Malformed \\uxxxx encoding.'],
  ])('%j is refused', (text, sentence) => {
    expect(() => parseQuorumConfigText(text)).toThrow(QuorumConfigError);
    expect(() => parseQuorumConfigText(text)).toThrow(sentence);
  });

  it('ZOOKEEPER-2873: equal quorum and election port is refused', () => {
    expect(() => parseQuorumConfigText('server.1=a:5:5')).toThrow('Client and election port must be different!');
  });
});
