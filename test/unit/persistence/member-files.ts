// A data directory as a member of an ensemble fills it: transactions that each tell who wrote them, files rolled where a
// test wants it, snapshots of a tree at rest and of one that changes meanwhile. For tests of what is done to such a
// directory afterwards.

import { hiOf, loOf } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import type { recover } from '../../../src/persistence/recovery.js';
import { SimFileStore, type SimFileStoreOptions } from '../../../src/persistence/sim-file-store.js';
import { SnapshotWriter } from '../../../src/persistence/snapshot-writer.js';
import type { TxnLogWriter } from '../../../src/persistence/txn-log-writer.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { hexOfZxid, recoverFrom, stateOf, VERSION_2 } from './persistence-fixture.js';
import { append, createEntry, newWriter } from './txn-entries.js';

type Database = ReturnType<typeof recover>;

/** Transaction z creates /<z in hex>, and its data names the author of the history. */
export class Member {
  readonly store: SimFileStore;
  readonly database: Database;
  readonly log: TxnLogWriter;
  private readonly applier: TxnApplier;
  private readonly author: string;
  zxid: bigint;

  constructor(store: SimFileStore, author: string) {
    this.store = store;
    this.author = author;
    this.database = recoverFrom(store);
    this.log = newWriter(store, { preAllocBytes: 4 << 10 });
    this.applier = new TxnApplier(this.database.tree);
    this.zxid = (BigInt(this.database.lastZxidHi) << 32n) | BigInt(this.database.lastZxidLo >>> 0);
  }

  write(...zxids: bigint[]): void {
    for (const zxid of zxids) {
      const entry = createEntry(zxid, `/${zxid.toString(16)}`, Buffer.from(`${this.author} ${zxid.toString(16)}`));
      append(this.log, entry, zxid);
      this.log.commit();
      this.database.tree.beginWrite();
      this.applier.apply(entry, 0, entry.length, null);
      this.database.tree.endWrite(hiOf(zxid), loOf(zxid));
      this.zxid = zxid;
    }
  }

  /** `meanwhile` runs when the first walk is over: what it writes may be in the file beyond its name. */
  snapshot(meanwhile: () => void = () => undefined): void {
    const { store } = this;
    store.onCall = (call) => {
      if (call.name === 'create' && call.path.includes('snapshot')) {
        store.onCall = () => 'ok';
        meanwhile();
      }
      return 'ok';
    };
    new SnapshotWriter({
      fileStore: store,
      directory: VERSION_2,
      reader: this.database.tree.reader,
      backOff: () => undefined,
      collectSessions: () => undefined,
      waitUntilDurable: () => undefined,
      loaded: null,
      // With a tail, so that the file tells how far it reaches.
      treeDigest: () => ({ zxidHi: 0, zxidLo: 0, digestHi: 0, digestLo: 0 }),
    }).write();
    store.onCall = () => 'ok';
  }
}

/** Last zxid and the histories' words, path by path: what two databases must have in common. */
export function historyOf(database: Database): { last: string; nodes: string[] } {
  const nodes = stateOf(database).nodes.filter((node) => !node.path.startsWith('/zookeeper') && node.path !== '/');
  return {
    last: hexOfZxid(database.lastZxidHi, database.lastZxidLo),
    nodes: nodes.map((node) => Buffer.from(node.data ?? '', 'hex').toString()).sort(),
  };
}

export type FileImage = readonly (readonly [string, Uint8Array])[];

export function imageOf(store: SimFileStore): FileImage {
  return store.list(VERSION_2).map((name) => [`${VERSION_2}/${name}`, store.contentsOf(`${VERSION_2}/${name}`)]);
}

export function placeImage(store: SimFileStore, image: FileImage): void {
  store.makeDirectories(VERSION_2);
  for (const [path, bytes] of image) store.place(path, bytes);
}

export function storeWithImage(image: FileImage, options: SimFileStoreOptions = {}): SimFileStore {
  const store = new SimFileStore(new Prng(7), options);
  placeImage(store, image);
  return store;
}

export function newMember(author = 'first'): Member {
  const store = new SimFileStore(new Prng(1));
  store.makeDirectories(VERSION_2);
  return new Member(store, author);
}
