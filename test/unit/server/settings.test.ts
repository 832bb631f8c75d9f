import { describe, expect, it } from 'vitest';
import { BadValueError, decodeLenientInteger, parseStrictInt, Settings } from '../../../src/server/settings.js';
import { ConfigError } from '../../../src/server/start-error.js';

function settings(file: Record<string, string>, options: Record<string, string> = {}): Settings {
  return new Settings(new Map(Object.entries(file)), new Map(Object.entries(options)));
}

describe('strict numbers', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['+5', 5],
    ['-1', -1],
    ['010', 10],
    ['2147483647', 2147483647],
    ['-2147483648', -2147483648],
  ])('%j', (text, number) => {
    expect(parseStrictInt(text)).toBe(number);
  });

  it.each(['', '-', ' 1', '1.0', '0x10', '2147483648', '1e3', '1_000', '٣'])(
    '%j is refused in Java’s words',
    (text) => {
      expect(() => parseStrictInt(text)).toThrow(new BadValueError(`For input string: "${text}"`));
    },
  );
});

describe('lenient numbers', () => {
  it.each<[string, number | null]>([
    ['8', 8],
    ['-8', -8],
    ['010', 8],
    ['-010', -8],
    ['0x10', 16],
    ['0X1f', 31],
    ['#ff', 255],
    ['0', 0],
    ['00', 0],
    ['+0x10', 16],
    ['08', null],
    ['', null],
    ['ten', null],
    ['1 ', null],
    ['0x', null],
    ['1000', 1000],
    ['1001', null],
    ['-1000', -1000],
    ['-1001', null],
  ])('%j within a thousand is %s', (text, number) => {
    expect(decodeLenientInteger(text, -1000, 1000)).toBe(number);
  });

  it('falls back to the default without a word', () => {
    expect(settings({ snapCount: 'many' }).lenientInt('snapCount')).toBe(100000);
    expect(settings({ snapCount: '99999999999' }).lenientInt('snapCount')).toBe(100000);
    expect(settings({ snapCount: '0x20' }).lenientInt('snapCount')).toBe(32);
    expect(settings({}).lenientLong('maxWriteQueuePollTime', 7)).toBe(7);
  });
});

describe('booleans and switches', () => {
  it('a strict one is true or false in any case, or an error', () => {
    expect(settings({ standaloneEnabled: 'FALSE' }).strictBool('standaloneEnabled')).toBe(false);
    expect(() => settings({ standaloneEnabled: 'yes' }).strictBool('standaloneEnabled')).toThrow(
      new ConfigError("Invalid option yes for standaloneEnabled. Choose 'true' or 'false.'"),
    );
  });

  it('a lenient one is false for everything that is not true, even where the default is true', () => {
    expect(settings({}).lenientBool('datadir.autocreate')).toBe(true);
    expect(settings({ 'datadir.autocreate': 'TRUE' }).lenientBool('datadir.autocreate')).toBe(true);
    expect(settings({ 'datadir.autocreate': 'yes' }).lenientBool('datadir.autocreate')).toBe(false);
  });

  it.each([
    ['no', true],
    ['NO', false],
    ['false', false],
    ['', false],
  ])('forceSync=%j is switched: %s', (text, switched) => {
    expect(settings({ forceSync: text }).switched('forceSync')).toBe(switched);
  });
});

describe('where a setting comes from', () => {
  it('the file is stronger than -D', () => {
    expect(settings({ snapCount: '5' }, { 'zookeeper.snapCount': '6' }).lenientInt('snapCount')).toBe(5);
    expect(settings({}, { 'zookeeper.snapCount': '6' }).lenientInt('snapCount')).toBe(6);
  });

  it('a prefix in the file means nothing', () => {
    const mistaken = settings({ 'zookeeper.snapCount': '5' });
    expect(mistaken.lenientInt('snapCount')).toBe(100000);
    expect(mistaken.properties.get('zookeeper.zookeeper.snapCount')).toBe('5');
  });

  it('jute.maxbuffer may stand in both places', () => {
    expect(settings({}, { 'jute.maxbuffer': '2000' }).lenientInt('jute.maxbuffer')).toBe(2000);
    expect(settings({ 'jute.maxbuffer': '3000' }, { 'jute.maxbuffer': '2000' }).lenientInt('jute.maxbuffer')).toBe(
      3000,
    );
  });

  it('strict keys are not properties, every other key is, known or not', () => {
    const { properties } = settings({
      tickTime: '1',
      'server.1': 'a:1:2',
      fooBar: 'x',
      'metricsProvider.httpPort': '7000',
    });
    expect(Object.fromEntries(properties)).toEqual({ 'zookeeper.server.1': 'a:1:2', 'zookeeper.fooBar': 'x' });
    expect(settings({}, { 'zookeeper.tickTime': '9' }).strictInt('tickTime')).toBe(3000);
  });
});

describe('keys of our own', () => {
  it('choices are checked', () => {
    expect(settings({ 'threadkeeper.log.format': 'JSON' }).choice('threadkeeper.log.format', ['pattern', 'json'])).toBe(
      'json',
    );
    expect(() =>
      settings({ 'threadkeeper.log.format': 'xml' }).choice('threadkeeper.log.format', ['pattern', 'json']),
    ).toThrow('Invalid option xml for threadkeeper.log.format. Choose pattern or json.');
  });

  it.each(['0', '65', '-1', '1.5', 'many', ''])('connectionShards=%j is refused', (text) => {
    expect(() =>
      settings({ 'threadkeeper.connectionShards': text }).countOrAuto('threadkeeper.connectionShards', 64),
    ).toThrow(ConfigError);
  });
});
