import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { Prng } from '../../../src/base/prng.js';
import { RecoveryError, type RecoveryOptions } from '../../../src/persistence/recovery.js';
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

  it('refuses broken snapshots as ever', () => {
    for (const name of disk.list(VERSION_2).filter((file) => file.startsWith('snapshot'))) {
      disk.alter(`${VERSION_2}/${name}`, new Uint8Array(200));
    }
    expect(() => recoverIt()).toThrow(RecoveryError);
  });
});
