// The files of a changing membership: their bytes, and that zoo.cfg names a whole file at any moment.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parsePropertiesFile } from '../../../src/base/java-properties.js';
import { Prng } from '../../../src/base/prng.js';
import { readWholeFile } from '../../../src/persistence/atomic-file.js';
import { DynamicConfigFiles, versionOfDynamicPath } from '../../../src/persistence/dynamic-config-files.js';
import { NodeFileStore } from '../../../src/persistence/node-file-store.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { endAtEveryCall } from './every-call.js';

const ZOO_CFG = '/conf/zoo.cfg';
const MEMBERS = ['server.2=b:1:2:participant;0.0.0.0:2182', 'server.10=c:1:2:observer', 'server.1=a:1:2:participant'];
const CONFIG = `${MEMBERS.join('\n')}\nversion=100000003`;
const VERSION = { hi: 1, lo: 3 };

function textOf(store: SimFileStore, path: string): string {
  return Buffer.from(store.contentsOf(path)).toString();
}

function pairsOf(text: string): Map<string, string> {
  return parsePropertiesFile(Buffer.from(text));
}

function newStore(zooCfg = 'tickTime=2000\n'): SimFileStore {
  const store = new SimFileStore(new Prng(1));
  store.place(ZOO_CFG, Buffer.from(zooCfg));
  return store;
}

describe('bytes', () => {
  test('of committed members: sorted as text, without version, without a newline at the end', () => {
    const store = newStore();
    const path = new DynamicConfigFiles(store, ZOO_CFG).writeCommitted(CONFIG, VERSION);
    expect(path).toBe('/conf/zoo.cfg.dynamic.100000003');
    expect(textOf(store, path)).toBe([MEMBERS[1], MEMBERS[2], MEMBERS[0]].join('\n'));
    expect(versionOfDynamicPath(path)).toEqual(VERSION);
  });

  test('of proposed members: with the version; gone when they are committed', () => {
    const store = newStore();
    const files = new DynamicConfigFiles(store, ZOO_CFG);
    expect(files.readNext()).toBeNull();
    files.writeNext(CONFIG);
    expect(textOf(store, '/conf/zoo.cfg.dynamic.next').split('\n').at(-1)).toBe('version=100000003');
    expect(pairsOf(Buffer.from(files.readNext() ?? []).toString())).toEqual(pairsOf(CONFIG));
    files.removeNext();
    expect(files.readNext()).toBeNull();
    store.crash();
    expect(files.readNext()).toBeNull();
  });

  test.each([
    ['/a.b/zoo.cfg.dynamic.1ff', 0, 0x1ff],
    ['/a/zoo.cfg.dynamic.7FFFFFFFffffffff', 0x7fffffff, -1],
    ['/a/zoo.cfg.dynamic.ffffffffffffffff', 0, 0],
    ['/a/zoo.cfg.dynamic', 0, 0],
    ['/a/zoo.cfg.dynamic.', 0, 0],
    ['/a.12/members', 0, 0],
  ])('the version of %s', (path, hi, lo) => {
    expect(versionOfDynamicPath(path)).toEqual({ hi, lo });
  });

  test('of zoo.cfg: everything but the members, and where these are', () => {
    const before = `# a comment
clientPort=2181
tickTime = 2000
server.1=a:1:2
group.1=1
weight.1=1
peerType=observer
clientPortListenBacklog=5
dynamicConfigFile=/old
clientPortAddress=0.0.0.0
`;
    const store = newStore(before);
    const files = new DynamicConfigFiles(store, ZOO_CFG);
    files.rewriteStatic(pairsOf(before), '/conf/zoo.cfg.dynamic.3', false);
    expect(textOf(store, ZOO_CFG)).toBe(
      'clientPort=2181\ntickTime=2000\nclientPortListenBacklog=5\nclientPortAddress=0.0.0.0\n' +
        'dynamicConfigFile=/conf/zoo.cfg.dynamic.3\n',
    );
    files.rewriteStatic(pairsOf(textOf(store, ZOO_CFG)), '/conf/zoo.cfg.dynamic.4', true);
    expect(textOf(store, ZOO_CFG)).toBe(
      'tickTime=2000\nclientPortListenBacklog=5\ndynamicConfigFile=/conf/zoo.cfg.dynamic.4\n',
    );
  });

  test('ZOOKEEPER-2244: of zoo.cfg with values that need it: they read as they were, the path of the members among them', () => {
    const pairs = new Map([
      ['ssl.keyStore.password', ' \\a=b:c#d!\t\u00e9\u4e2d \n'],
      ['odd key:=', 'C:\\data'],
      ['empty', ''],
    ]);
    const store = newStore();
    new DynamicConfigFiles(store, ZOO_CFG).rewriteStatic(pairs, 'C:\\conf\\with space.3', false);
    expect(pairsOf(textOf(store, ZOO_CFG))).toEqual(
      new Map([...pairs, ['dynamicConfigFile', 'C:\\conf\\with space.3']]),
    );
  });

  test('of the copy: those of zoo.cfg, and as closed to others', () => {
    const directory = mkdtempSync(join(tmpdir(), 'dynamic-config-'));
    try {
      const path = join(directory, 'zoo.cfg');
      writeFileSync(path, 'tickTime=2000\n', { mode: 0o600 });
      const files = new DynamicConfigFiles(new NodeFileStore(), path);
      files.backUpStatic();
      files.rewriteStatic(new Map(), `${path}.dynamic.1`, false);
      expect(Buffer.from(readWholeFile(new NodeFileStore(), `${path}.bak`) ?? []).toString()).toBe('tickTime=2000\n');
      for (const name of [path, `${path}.bak`]) expect(statSync(name).mode & 0o777).toBe(0o600);
      new DynamicConfigFiles(new NodeFileStore(), join(directory, 'none.cfg')).backUpStatic();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test('ended at every file call, zoo.cfg names a whole file of members, and loses nothing', () => {
  const seen = new Set<string>();
  const runs = endAtEveryCall(
    (store) => {
      store.place(ZOO_CFG, Buffer.from('tickTime=2000\ndynamicConfigFile=/conf/zoo.cfg.dynamic.1\n'));
      store.place('/conf/zoo.cfg.dynamic.1', Buffer.from(MEMBERS[0]));
    },
    (store) => {
      const files = new DynamicConfigFiles(store, ZOO_CFG);
      files.writeNext(CONFIG);
      const path = files.writeCommitted(CONFIG, VERSION);
      files.backUpStatic();
      files.rewriteStatic(pairsOf(textOf(store, ZOO_CFG)), path, true);
      files.removeNext();
    },
    (store, ending, label) => {
      const pairs = pairsOf(textOf(store, ZOO_CFG));
      expect(pairs.get('tickTime'), label).toBe('2000');
      const path = pairs.get('dynamicConfigFile') ?? '';
      seen.add(path);
      const members = textOf(store, path).split('\n');
      expect(members, label).toHaveLength(versionOfDynamicPath(path).hi === 1 ? 3 : 1);
      const next = new DynamicConfigFiles(store, ZOO_CFG).readNext();
      if (next !== null) expect(pairsOf(Buffer.from(next).toString()), label).toEqual(pairsOf(CONFIG));
      if (ending === 'none') expect([path, next]).toEqual(['/conf/zoo.cfg.dynamic.100000003', null]);
    },
  );
  expect(runs).toBeGreaterThan(150);
  expect(seen.size).toBe(2);
});
