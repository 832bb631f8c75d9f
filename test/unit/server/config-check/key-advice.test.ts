import { describe, expect, it } from 'vitest';
import { configLines } from '../../../../src/server/config-check/config-line.js';
import { keyAdvice } from '../../../../src/server/config-check/key-advice.js';
import { editDistance, nearestKey } from '../../../../src/server/config-check/nearest-key.js';
import { CONFIG_KEYS } from '../../../../src/server/config-keys.js';

function advice(...lines: string[]): string[] {
  const bytes = new TextEncoder().encode(lines.join('\n'));
  return keyAdvice(configLines('zoo.cfg', bytes)).map(({ kind, place, text, remedy }) =>
    [kind, place, text, remedy].filter((part) => part !== '').join(': '),
  );
}

describe('advice on keys', () => {
  it('is silent about a file that says what it means', () => {
    expect(
      advice('# a comment', 'tickTime=2000', 'dataDir /d', 'clientPort : 2181', 'server.1=a:1:2;3', 'forceSync=no'),
    ).toEqual([]);
  });

  it('names the nearest key for one that nobody reads, and where it stands', () => {
    expect(advice('', 'tickTme=1', 'clientport=2181', 'my.own.property=1')).toEqual([
      'unknown: zoo.cfg line 2: tickTme is no key of this server: it becomes the property zookeeper.tickTme, which ' +
        'nobody reads: Did you mean tickTime?',
      'unknown: zoo.cfg line 3: clientport is no key of this server: it becomes the property zookeeper.clientport, ' +
        'which nobody reads: Did you mean clientPort?',
      'unknown: zoo.cfg line 4: my.own.property is no key of this server: it becomes the property ' +
        'zookeeper.my.own.property, which nobody reads: Remove it if it is not for somebody else.',
    ]);
  });

  it('knows the prefix that sets nothing in a file', () => {
    expect(advice('zookeeper.snapCount=5', 'zookeeper.snapCont=5', 'zookeeper.x=1')).toEqual([
      'prefixed: zoo.cfg line 1: zookeeper.snapCount sets the property zookeeper.zookeeper.snapCount, which nobody ' +
        'reads: Write snapCount.',
      'prefixed: zoo.cfg line 2: zookeeper.snapCont sets the property zookeeper.zookeeper.snapCont, which nobody ' +
        'reads: Write snapCount.',
      'prefixed: zoo.cfg line 3: zookeeper.x sets the property zookeeper.zookeeper.x, which nobody reads: In this ' +
        'file keys have no such prefix.',
    ]);
  });

  it('says what a heading of the guide is taken for', () => {
    expect(advice('requestThrottleLimit=5')).toEqual([
      'alias: zoo.cfg line 1: requestThrottleLimit is no key of Apache ZooKeeper: it is taken for ' +
        'request_throttle_max_requests: Write request_throttle_max_requests.',
    ]);
    expect(advice('connectionMaxTokens=5', 'connection_throttle_tokens=6')[0]).toMatch(/is set, too, and is stronger/);
  });

  it('says what becomes of values that are passed over or make little sense', () => {
    const lines = ['snapCount=many', 'forceSync=No', 'skipACL=true', 'digest.enabled=yes', 'snapCount=010'];
    expect(advice(...lines.slice(1)).map((line) => line.replace(/: Correct.*/, ''))).toEqual([
      'value: zoo.cfg line 1: forceSync = No: yes or no is expected, exactly so; anything else is taken for yes',
      'value: zoo.cfg line 2: skipACL = true: no or yes is expected, exactly so; anything else is taken for no',
      'value: zoo.cfg line 3: digest.enabled = yes: true or false is expected; everything but true is taken for false',
    ]);
    expect(advice(lines[0])[0]).toBe(
      'value: zoo.cfg line 1: snapCount = many: a whole number of txns, at least 2 is expected; it is passed over, and ' +
        '100000 is used: Correct the value.',
    );
    expect(advice('maxBatchSize=0')[0]).toContain('maxBatchSize = 0: a whole number of txns, at least 1 is expected');
  });

  it('says which of two lines counts', () => {
    expect(advice('tickTime=1', 'tickTime=2')).toEqual([
      'twice: zoo.cfg line 1: tickTime is set again in line 2, and that is the value that counts: Remove one of the ' +
        'two lines.',
    ]);
  });

  it('says why a key has no effect', () => {
    expect(advice('watchManagerName=x')[0]).toMatch(
      /^idle: .*watchManagerName has no effect: There is one watch table/,
    );
  });

  it('never shows a secret', () => {
    const secrets = CONFIG_KEYS.filter((key) => 'secret' in key).map((key) => `${key.name}=hunter2`);
    expect(secrets.length).toBeGreaterThan(3);
    expect(advice(...secrets, ...secrets, 'zookeeper.ssl.keyStore.pasword=hunter2').join()).not.toContain('hunter2');
  });
});

describe('the nearest key', () => {
  it.each([
    ['autopurge.snapRetainCont', 'autopurge.snapRetainCount'],
    ['autopurge.purgeIntervall', 'autopurge.purgeInterval'],
    ['maxClientCnxn', 'maxClientCnxns'],
    ['maxClinetCnxns', 'maxClientCnxns'],
    ['DATADIR', 'dataDir'],
    ['datadir', 'dataDir'],
    ['4lw.command.whitelist', '4lw.commands.whitelist'],
    ['foo', null],
    ['com.example.timeout', null],
  ])('to %s is %s', (written, nearest) => {
    expect(
      nearestKey(
        written,
        CONFIG_KEYS.map((key) => key.name),
      ),
    ).toBe(nearest);
  });

  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['ab', 'abc', 1],
    ['kitten', 'sitting', 3],
  ])('%j and %j are %i apart', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });
});
