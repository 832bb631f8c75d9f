import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { Prng } from '../../../src/base/prng.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import { DynamicConfigFiles } from '../../../src/persistence/dynamic-config-files.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { QuorumConfigs } from '../../../src/zab/quorum-configs.js';

const STATIC = '/conf/zoo.cfg';

function config(version: string, ...sids: (number | string)[]) {
  const line = (sid: number | string) => {
    const [number, role = 'participant'] = String(sid).split(':');
    return `server.${number}=h${number}:1:2:${role};2181\n`;
  };
  return parseQuorumConfigText(`${sids.map(line).join('')}version=${version}`);
}

describe('the two configurations', () => {
  let disk: SimFileStore;
  let leader: number | null;
  let events: string[];

  beforeEach(() => {
    disk = new SimFileStore(new Prng(1));
    disk.makeDirectories('/conf');
    write(STATIC, 'dataDir=/data\nclientPort=2181\n');
    leader = 1;
    events = [];
  });

  function write(path: string, text: string): void {
    const file = disk.createNew(path);
    file.write(Buffer.from(text), 0, text.length, 0);
    file.close();
  }

  function text(path: string): string {
    const file = disk.openForRead(path);
    const bytes = new Uint8Array(disk.sizeOf(path));
    file.read(bytes, 0, bytes.length, 0);
    file.close();
    return Buffer.from(bytes).toString();
  }

  function configs(
    isReconfigEnabled = true,
    lastSeen: ReturnType<typeof config> | null = null,
    myId = 2,
    committed = config('100000000', 1, 2, 3),
  ) {
    return new QuorumConfigs(
      committed,
      lastSeen,
      {
        myId,
        isReconfigEnabled,
        files: new DynamicConfigFiles(disk, STATIC),
        staticPairs: new Map([
          ['dataDir', '/data'],
          ['clientPort', '2181'],
        ]),
        hasDynamicFile: false,
        log: silentLogger,
      },
      {
        currentLeader: () => leader,
        onChanged: (areMembersOthers) => events.push(areMembersOthers ? 'other members' : 'changed'),
        onClientAddress: (host, port) => events.push(`clients at ${host}:${port}`),
        onAppointed: (sid) => events.push(`appointed ${sid}`),
      },
    );
  }

  describe('proposed members that came to nothing', () => {
    const NEXT = `${STATIC}.dynamic.next`;

    it('are forgotten where the leader that is followed does not know of them, and their file with them', () => {
      const view = configs();
      view.seen(config('100000005', 2, 3));
      events = [];
      view.adopt(config('100000000', 1, 2, 3), 2);
      expect(view.lastSeen).toBe(view.committed);
      expect(disk.exists(NEXT)).toBe(false);
      expect(events).toEqual(['changed']);
    });

    it('make room for older ones that the leader still holds for proposed', () => {
      const view = configs();
      view.seen(config('100000009', 2, 3));
      const older = config('100000005', 1, 2);
      view.adopt(older, 2);
      expect(view.lastSeen).toBe(older);
      expect(text(NEXT)).toContain('version=100000005');
    });

    it('never make room for less than what is committed', () => {
      const view = configs();
      view.seen(config('100000005', 1, 2));
      view.activate(config('100000005', 1, 2), 1);
      view.adopt(config('100000003', 2, 3), 2);
      expect([view.lastSeen.versionLo, view.committed.versionLo]).toEqual([5, 5]);
    });

    it('stay where they are of the leader’s own epoch: it tells later learners of committed ones alone', () => {
      const view = configs();
      view.seen(config('200000005', 2, 3));
      view.adopt(config('100000000', 1, 2, 3), 2);
      expect(view.lastSeen.versionLo).toBe(5);
    });

    it('newer ones of the leader are seen as any others', () => {
      const view = configs();
      view.adopt(config('100000005', 2, 3), 2);
      expect(view.lastSeen.versionLo).toBe(5);
      expect(text(NEXT)).toContain('version=100000005');
    });

    it.each([
      ['whose transaction is behind the end of the log, in the present epoch', 1, 4, 0],
      ['whose transaction is in the log', 1, 5, 5],
      ['of an epoch that is over: a leader may have been established with them', 2, 4, 5],
    ])('%s', (_what, currentEpoch, endLo, left) => {
      const view = configs(true, config('100000005', 2, 3));
      view.forgetUnlogged(currentEpoch, 1, endLo);
      expect(view.lastSeen.versionLo).toBe(left);
    });

    it('that an operator has given, beside committed ones without a version, are kept', () => {
      const view = configs(true, config('100000005', 2, 3), 1, config('0', 1, 2, 3));
      view.forgetUnlogged(1, 1, 4);
      expect(view.lastSeen.versionLo).toBe(5);
    });

    it('do not come back from a file that was written when the disk said that it was not', () => {
      const view = configs();
      disk.onCall = ({ name }) => (name === 'syncDirectory' ? 'EIO' : 'ok');
      expect(() => view.seen(config('100000005', 2, 3))).toThrow('EIO');
      disk.onCall = () => 'ok';
      expect([disk.exists(NEXT), view.lastSeen]).toEqual([true, view.committed]);
      view.forgetUnlogged(1, 1, 9);
      expect(disk.exists(NEXT)).toBe(false);
    });
  });

  it('a version for the same members is taken where nothing can be written, other members are not', () => {
    const view = configs();
    disk.onCall = () => 'EIO';
    view.seen(config('200000000', 1, 2, 3));
    expect(view.lastSeen.versionHi).toBe(2);
    expect(() => view.seen(config('200000001', 1, 2))).toThrow('EIO');
    expect(view.lastSeen.versionLo).toBe(0);
  });

  it('without reconfiguration nothing changes, whatever others say', () => {
    const view = configs(false, config('200000000', 1, 2));
    view.seen(config('300000000', 1));
    expect(view.activate(config('300000000', 1), 1)).toBe(false);
    expect(view.committed.toText()).toBe(config('100000000', 1, 2, 3).toText());
    expect(view.lastSeen).toBe(view.committed);
    expect(events).toEqual([]);
    expect(disk.list('/conf')).toEqual(['zoo.cfg']);
  });

  it('a proposed one is kept beside zoo.cfg until it is committed', () => {
    const view = configs();
    expect(text('/conf/zoo.cfg.bak')).toBe('dataDir=/data\nclientPort=2181\n');
    const proposed = config('100000005', 1, 2, 3, 4);
    view.seen(proposed);
    expect(view.lastSeen).toBe(proposed);
    expect(text('/conf/zoo.cfg.dynamic.next')).toContain('version=100000005');
    expect(events).toEqual(['changed']);
    view.seen(config('100000004', 1));
    expect(view.lastSeen).toBe(proposed);

    expect(view.activate(proposed, 1)).toBe(false);
    expect(events).toEqual(['changed', 'other members']);
    expect(disk.list('/conf').sort()).toEqual(['zoo.cfg', 'zoo.cfg.bak', 'zoo.cfg.dynamic.100000005']);
    expect(text(STATIC)).toBe('dataDir=/data\ndynamicConfigFile=/conf/zoo.cfg.dynamic.100000005\n');
    expect(view.activate(proposed, 1)).toBe(false);
  });

  it('one that the disk refuses was not seen: nobody may count on it', () => {
    const view = configs();
    disk.onCall = ({ name, path }) => (name === 'rename' && path.includes('.next') ? 'EIO' : 'ok');
    const proposed = config('100000005', 1, 2, 3, 4);
    expect(() => view.seen(proposed)).toThrow();
    expect([view.lastSeen, events]).toEqual([view.committed, []]);
    disk.onCall = () => 'ok';
    view.seen(proposed);
    expect([view.lastSeen, events]).toEqual([proposed, ['changed']]);
  });

  it.each(['create', 'write', 'sync'])(
    'what a disk refuses with %s is found out before anything is proposed',
    (call) => {
      const view = configs();
      const files = disk.list('/conf');
      const proposed = config('100000005', 1, 2, 3, 4);
      disk.onCall = ({ name, path }) => (name === call && path.includes('.next') ? 'ENOSPC' : 'ok');
      expect(() => view.rehearse(proposed)).toThrow('ENOSPC');
      disk.onCall = () => 'ok';
      view.rehearse(proposed);
      expect(disk.list('/conf')).toEqual(files);
      expect([view.lastSeen, events]).toEqual([view.committed, []]);
    },
  );

  it('tells where clients are to be heard, when that is another address', () => {
    const view = configs();
    const moved = (version: string, port: number) =>
      parseQuorumConfigText(
        config(version, 1, 2, 3)
          .toText()
          .replace('server.2=h2:1:2:participant;0.0.0.0:2181', `server.2=h2:1:2;c:${port}`),
      );
    view.activate(config('100000005', 1, 2, 3, 4), 1);
    view.activate(moved('100000006', 2182), 1);
    view.activate(moved('100000007', 2182), 1);
    expect(events.filter((event) => event.startsWith('clients'))).toEqual(['clients at c:2182']);
  });

  it('a new version of the same members is no new election', () => {
    const view = configs();
    expect(view.activate(config('200000000', 1, 2, 3), 3)).toBe(false);
    expect(events).toEqual(['changed']);
  });

  it('one that was proposed before the start is still pending, if it is newer', () => {
    expect(configs(true, config('100000003', 1, 2)).lastSeen.versionLo).toBe(3);
    expect(configs(true, config('3', 1, 2)).lastSeen.versionHi).toBe(1);
  });

  it.each<[what: string, next: ReturnType<typeof config>, designated: number | null, expected: string[]]>([
    ['the leader stays', config('100000005', 1, 2), 1, []],
    ['another leader', config('100000005', 2, 3), 3, ['appointed 3']],
    ['the own role changes', config('100000005', 1, 3, '2:observer'), 1, ['appointed 1']],
    ['the own entry goes, and this member follows without a vote', config('100000005', 1, 3), 1, []],
  ])('a committed reconfiguration: %s', (_what, next, designated, expected) => {
    const view = configs();
    expect(view.activate(next, designated)).toBe(expected.length > 0);
    expect(events).toEqual(['other members', ...expected]);
  });

  it('without a designated leader: one that is no voter any more, or elsewhere, is left for an election', () => {
    expect(configs().activate(config('100000005', 1, 2), null)).toBe(false);
    expect(configs().activate(config('100000005', 2, 3), null)).toBe(true);
    const elsewhere = config('100000005', 1, 2, 4).toText().replace('h1:1:2', 'h1:7:2');
    expect(configs().activate(parseQuorumConfigText(elsewhere), null)).toBe(true);
    leader = null;
    expect(configs().activate(config('100000005', 1, 2), null)).toBe(true);
    expect(events.filter((event) => event.startsWith('appointed'))).toEqual([]);
  });
});
