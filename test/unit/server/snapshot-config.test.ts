// The keys of snapshots, with the edges of their values (persistence 0).

import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { Settings } from '../../../src/server/settings.js';
import { readSnapshotConfig } from '../../../src/server/snapshot-config.js';
import { InlineServer } from '../../testing/inline-server.js';

function read(file: Record<string, string>, options: Record<string, string> = {}) {
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => warnings.push(message) };
  const settings = new Settings(new Map(Object.entries(file)), new Map(Object.entries(options)));
  return { ...readSnapshotConfig(settings, log), warnings };
}

describe('snapshot.compression.method', () => {
  it.each([
    ['gz', 'gz'],
    ['GZ', 'gz'],
    ['snappy', 'snappy'],
    ['Snappy', 'snappy'],
    ['', 'none'],
  ])('%s', (method, compression) => {
    expect(read({ 'snapshot.compression.method': method })).toMatchObject({ compression, warnings: [] });
    expect(read({}, { 'zookeeper.snapshot.compression.method': method }).compression).toBe(compression);
  });

  it.each(['gzip', 'checked', ' gz', 'lz4'])('%s means none, with a warning', (method) => {
    const { compression, warnings } = read({ 'snapshot.compression.method': method });
    expect(compression).toBe('none');
    expect(warnings).toEqual([expect.stringContaining(`is ${method}, which is neither`)]);
  });

  it('is none unless it is set', () => {
    expect(read({})).toEqual({ compression: 'none', writesLastZxid: true, warnings: [] });
  });
});

describe('serializeLastProcessedZxid.enabled', () => {
  it.each([
    ['true', true],
    ['TRUE', true],
    ['false', false],
    ['no', false],
    ['', false],
  ])('%s', (value, writesLastZxid) => {
    expect(read({ 'serializeLastProcessedZxid.enabled': value }).writesLastZxid).toBe(writesLastZxid);
  });
});

describe('when a snapshot is due', () => {
  it.each([
    ['100000', 100_000],
    ['2', 2],
    ['1', 2],
    ['0', 2],
    ['-5', 2],
    ['0x10', 16],
    ['many', 100_000],
  ])('snapCount %s', (value, snapCount) => {
    expect(InlineServer.defaults({ 'zookeeper.snapCount': value }).snapCount).toBe(snapCount);
  });

  it.each([
    ['4194304', 4_294_967_296],
    ['1', 1024],
    ['0', 0],
    ['-1', 0],
    ['much', 4_294_967_296],
  ])('snapSizeLimitInKb %s: 0 is no limit, where the reference dies of it', (value, bytes) => {
    expect(InlineServer.defaults({ 'zookeeper.snapSizeLimitInKb': value }).snapLogBytesMax).toBe(bytes);
  });
});
