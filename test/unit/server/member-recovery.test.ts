import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { Prng } from '../../../src/base/prng.js';
import { setDatabaseAside } from '../../../src/persistence/database-aside.js';
import type { RecoveryOptions } from '../../../src/persistence/recovery.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { recoverMember } from '../../../src/server/member-recovery.js';
import { DATA_DIR, newTree, recoverFrom, VERSION_2 } from '../persistence/persistence-fixture.js';
import { append, createEntry, newWriter } from '../persistence/txn-entries.js';

const LOG_1 = `${VERSION_2}/log.1`;

describe('recovery of a member', () => {
  let disk: SimFileStore;
  let warnings: string[];

  beforeEach(() => {
    disk = new SimFileStore(new Prng(1));
    warnings = [];
    recoverFrom(disk);
    const writer = newWriter(disk);
    for (let zxid = 1n; zxid <= 20n; zxid++) {
      append(writer, createEntry(zxid, `/n${zxid}`, new Uint8Array(100)), zxid);
      writer.commit();
      writer.writeMark();
    }
    writer.close();
  });

  function recoverIt() {
    const log = { ...silentLogger, warn: (text: string) => warnings.push(text) };
    const options: RecoveryOptions = {
      fileStore: disk,
      dataDir: DATA_DIR,
      dataLogDir: DATA_DIR,
      tree: newTree(),
      datadirAutocreate: true,
      dbAutocreate: true,
      trustEmptySnapshot: false,
      emulate353TtlNodes: false,
      warn: () => undefined,
    };
    return recoverMember(options, log);
  }

  it('of a whole log is that of any server', () => {
    expect(recoverIt()).toMatchObject({ lastZxidLo: 20, missingTail: null });
    expect(warnings).toEqual([]);
  });

  it('cuts a damaged log back to what is proven, and remembers what is owed over further starts', () => {
    const at = 16 + 7 * 189;
    disk.alter(
      LOG_1,
      disk.contentsOf(LOG_1).map((byte, i) => (i === at ? byte ^ 1 : byte)),
    );
    expect(() => recoverFrom(disk)).toThrow(RecoveryError);
    const recovered = recoverIt();
    expect(recovered.missingTail).toMatchObject({ syncedLo: 20 });
    expect(recovered.lastZxidLo).toBeGreaterThan(3);
    expect(recovered.lastZxidLo).toBeLessThan(20);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('The log is cut back to');
    expect(warnings[1]).toContain('acknowledged up to 0x14');
    expect(recoverIt()).toMatchObject({ lastZxidLo: recovered.lastZxidLo, missingTail: { syncedLo: 20 } });
  });

  it('comes up with a log that lost its end, owing it', () => {
    disk.alter(LOG_1, disk.contentsOf(LOG_1).slice(0, 16));
    expect(() => recoverFrom(disk)).toThrow(RecoveryError);
    expect(recoverIt()).toMatchObject({ lastZxidLo: 0, missingTail: { syncedLo: 20 } });
  });

  function spoilSnapshots(): string[] {
    const names = disk.list(VERSION_2).filter((file) => file.startsWith('snapshot'));
    for (const name of names) disk.alter(`${VERSION_2}/${name}`, new Uint8Array(200));
    return names;
  }

  it('begins anew where no snapshot can be used, with everything set aside and owed', () => {
    const snapshots = spoilSnapshots();
    expect(() => recoverFrom(disk)).toThrow(RecoveryError);
    expect(recoverIt()).toMatchObject({ lastZxidHi: 0, lastZxidLo: 0, missingTail: { syncedLo: 20 } });
    expect(warnings[0]).toContain('The database is set aside, up to 0x14');
    expect(disk.list(`${VERSION_2}/before-repair.0`)).toEqual(expect.arrayContaining([...snapshots, 'log.1']));
    expect(recoverIt()).toMatchObject({ lastZxidLo: 0, missingTail: { syncedLo: 20 } });
  });

  it('and so does one whose start ended in the middle of that, at any call', () => {
    spoilSnapshots();
    let calls = 0;
    const whole = disk.fork(new Prng(2));
    whole.onCall = () => {
      calls++;
      return 'ok';
    };
    setDatabaseAside(whole, DATA_DIR, DATA_DIR);
    expect(calls).toBeGreaterThan(10);
    const before = disk;
    let ended = 0;
    for (let crashAt = 0; crashAt < calls; crashAt++) {
      const fork = before.fork(new Prng(2));
      let left = crashAt;
      fork.onCall = () => (left-- === 0 ? 'EIO' : 'ok');
      let hasEnded = false;
      try {
        setDatabaseAside(fork, DATA_DIR, DATA_DIR);
      } catch {
        hasEnded = true;
      }
      // A mark that cannot be read says nothing; the log says as much.
      ended += hasEnded ? 1 : 0;
      fork.onCall = () => 'ok';
      disk = fork;
      expect(recoverIt(), `call ${crashAt}`).toMatchObject({ lastZxidLo: 0, missingTail: { syncedLo: 20 } });
    }
    expect(ended).toBeGreaterThan(calls / 2);
  });

  it.each(['open', 'read'])('refuses to begin anew because a snapshot cannot be read (%s)', (call) => {
    disk.onCall = ({ name, path }) => (name.startsWith(call) && path.includes('snapshot.') ? 'EIO' : 'ok');
    expect(() => recoverIt()).toThrow(RecoveryError);
    disk.onCall = () => 'ok';
    expect(recoverIt()).toMatchObject({ lastZxidLo: 20, missingTail: null });
  });

  it.each(['open', 'read'])('refuses to cut back behind a newer snapshot that cannot be read (%s)', (call) => {
    disk.place(`${VERSION_2}/snapshot.1e`, disk.contentsOf(`${VERSION_2}/snapshot.0`));
    const before = disk.list(VERSION_2);
    disk.onCall = ({ name, path }) => (name.startsWith(call) && path.includes('snapshot.1e') ? 'EIO' : 'ok');
    expect(() => recoverIt()).toThrow(RecoveryError);
    expect(disk.list(VERSION_2)).toEqual(before);
  });

  it('refuses to cut a log that follows from a snapshot that cannot be read', () => {
    disk = new SimFileStore(new Prng(1));
    recoverFrom(disk);
    const writer = newWriter(disk);
    for (let zxid = 11n; zxid <= 20n; zxid++) append(writer, createEntry(zxid, `/n${zxid}`, null), zxid);
    writer.commit();
    writer.close();
    disk.place(`${VERSION_2}/snapshot.a`, disk.contentsOf(`${VERSION_2}/snapshot.0`));
    const before = disk.list(VERSION_2);
    disk.onCall = ({ name, path }) => (name.startsWith('open') && path.includes('snapshot.a') ? 'EIO' : 'ok');
    expect(() => recoverIt()).toThrow(RecoveryError);
    expect(disk.list(VERSION_2)).toEqual(before);
  });

  it('ZOOKEEPER-2325, -3056: refuses logs without any snapshot, as ever', () => {
    for (const name of spoilSnapshots()) disk.unlink(`${VERSION_2}/${name}`);
    expect(() => recoverIt()).toThrow('No snapshot found, but there are log entries');
  });
});
