/**
 * Faults of files at rest, each as what is done to version-2 of a stopped server, and what we have to make of it. `one`: all
 * in one log behind snapshot.0; `many`: a few logs and snapshots.
 */
import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RestFault {
  readonly name: string;
  readonly base: 'one' | 'many';
  readonly damage: (version2: string) => void;
  /** In the very files that the server wrote: by a copy nothing is missed, as of what age it is nobody knows. */
  readonly inPlace?: true;
  /** What ours has to do: serve all 200, or refuse with words that match. */
  readonly due: 'all' | RegExp;
}

const HEADER_BYTES = 16;
const PREFIX_BYTES = 12;
const SECTOR_BYTES = 512;
/** Where, and what can be done. */
const DAMAGED = /log\.[0-9a-f]+ is damaged at offset \d+.*0x[0-9a-f]+/;

/** The sync mark tells that more was acknowledged than there is. */
const TAIL_MISSING =
  /Acknowledged transactions are missing: the log ends at 0x[0-9a-f]+ in \S*log\.[0-9a-f]+ at offset \d+/;
const MISSING =
  /Transactions are missing: 0x[0-9a-f]+ .*log\.[0-9a-f]+ at offset \d+|Transactions are missing: .*0x[0-9a-f]+/;

const numberOf = (path: string): number => zxidOf(path.slice(path.lastIndexOf('/') + 1));
const zxidOf = (name: string): number => Number.parseInt(name.split('.')[1] as string, 16);

function filesOf(version2: string, prefix: string): string[] {
  return readdirSync(version2)
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => zxidOf(a) - zxidOf(b))
    .map((name) => join(version2, name));
}

const logs = (version2: string): string[] => filesOf(version2, 'log.');
const snapshots = (version2: string): string[] => filesOf(version2, 'snapshot.');
const newestLog = (version2: string): string => logs(version2).at(-1) as string;
const newestSnapshot = (version2: string): string => snapshots(version2).at(-1) as string;

interface Record {
  readonly at: number;
  readonly end: number;
}

function recordsOf(bytes: Buffer): Record[] {
  const records: Record[] = [];
  for (let at = HEADER_BYTES; at + PREFIX_BYTES < bytes.length; ) {
    const length = bytes.readInt32BE(at + 8);
    if (length <= 0) break;
    const end = at + PREFIX_BYTES + length + 1;
    records.push({ at, end });
    at = end;
  }
  return records;
}

/** Changes the bytes of the newest log; `pick` gets all its records. */
function edit(change: (bytes: Buffer, records: readonly Record[]) => Buffer | undefined) {
  return (version2: string): void => {
    const path = newestLog(version2);
    const bytes = readFileSync(path);
    writeFileSync(path, change(bytes, recordsOf(bytes)) ?? bytes);
  };
}

const last = (records: readonly Record[]): Record => records.at(-1) as Record;
const middle = (records: readonly Record[]): Record => records[records.length >> 1] as Record;

/** Of a snapshot: one byte in its middle. */
function spoil(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
}

export const REST_FAULTS: readonly RestFault[] = [
  { name: 'none (kill -9)', base: 'one', damage: () => undefined, due: 'all' },
  {
    name: 'newest log empty',
    base: 'one',
    damage: (version2) => writeFileSync(join(version2, 'log.fff'), ''),
    due: 'all',
  },
  {
    name: 'newest log torn in its header, at 7 bytes',
    base: 'one',
    damage: (version2) => writeFileSync(join(version2, 'log.fff'), readFileSync(newestLog(version2)).subarray(0, 7)),
    due: 'all',
  },
  {
    name: 'newest log of all cut to its header',
    base: 'one',
    damage: (version2) => truncateSync(newestLog(version2), HEADER_BYTES),
    inPlace: true,
    due: TAIL_MISSING,
  },
  {
    name: 'only preallocated zeros behind the records',
    base: 'one',
    damage: edit((bytes, records) => Buffer.concat([bytes.subarray(0, last(records).end), Buffer.alloc(1 << 20)])),
    due: 'all',
  },
  {
    name: 'torn tail: a record begun behind the last',
    base: 'one',
    damage: edit((bytes, records) => {
      const { at, end } = last(records);
      bytes.copy(bytes, end, at, at + 40);
    }),
    due: 'all',
  },
  {
    name: 'last record torn: its last 30 bytes zero',
    base: 'one',
    damage: edit((bytes, records) => {
      bytes.fill(0, last(records).end - 30, last(records).end);
    }),
    inPlace: true,
    due: TAIL_MISSING,
  },
  {
    name: 'file cut inside the last record',
    base: 'one',
    damage: edit((bytes, records) => bytes.subarray(0, last(records).end - 30)),
    inPlace: true,
    due: TAIL_MISSING,
  },
  {
    name: 'one bit flipped in the last record',
    base: 'one',
    damage: edit((bytes, records) => {
      const at = last(records).end - 40;
      bytes[at] = (bytes[at] as number) ^ 1;
    }),
    due: DAMAGED,
  },
  {
    name: 'one bit flipped in the middle',
    base: 'one',
    damage: edit((bytes, records) => {
      const at = middle(records).at + 60;
      bytes[at] = (bytes[at] as number) ^ 1;
    }),
    due: DAMAGED,
  },
  {
    name: 'a sector of 512 bytes zeroed in the middle',
    base: 'one',
    damage: edit((bytes, records) => {
      const from = Math.floor(middle(records).at / SECTOR_BYTES) * SECTOR_BYTES;
      bytes.fill(0, from, from + SECTOR_BYTES);
    }),
    due: DAMAGED,
  },
  {
    name: 'a sector of 512 bytes zeroed at the end',
    base: 'one',
    damage: edit((bytes, records) => {
      const from = Math.floor(last(records).at / SECTOR_BYTES) * SECTOR_BYTES;
      bytes.fill(0, from, from + SECTOR_BYTES);
    }),
    inPlace: true,
    // Whether something of the last record is left behind the sector depends on where the records lie.
    due: new RegExp(`${DAMAGED.source}|${TAIL_MISSING.source}`),
  },
  {
    name: 'a garbage length in the middle',
    base: 'one',
    damage: edit((bytes, records) => {
      bytes.writeInt32BE(0x7ead_beef, middle(records).at + 8);
    }),
    due: DAMAGED,
  },
  {
    name: 'a log missing between two others',
    base: 'many',
    damage: (version2) => {
      for (const path of snapshots(version2).slice(1)) rmSync(path);
      const all = logs(version2);
      rmSync(all[all.length >> 1] as string);
    },
    due: MISSING,
  },
  {
    name: 'newest snapshot spoilt, the logs cover it',
    base: 'many',
    damage: (version2) => spoil(newestSnapshot(version2)),
    due: 'all',
  },
  {
    name: 'newest snapshot cut, the logs cover it',
    base: 'many',
    damage: (version2) => truncateSync(newestSnapshot(version2), 300),
    due: 'all',
  },
  {
    name: 'newest snapshot spoilt, a log before it missing',
    base: 'many',
    damage: (version2) => {
      // A hole needs a log behind it: without one, a copied directory only seems to be an older state.
      const behind = (snapshot: string): string[] =>
        logs(version2).filter((path) => numberOf(path) > numberOf(snapshot));
      const all = snapshots(version2);
      const older = all.slice(0, -1).findLast((snapshot) => behind(snapshot).length > 1) as string;
      for (const newer of all.slice(all.indexOf(older) + 1)) spoil(newer);
      rmSync(behind(older)[0] as string);
    },
    due: MISSING,
  },
  {
    name: 'all snapshots gone, logs there',
    base: 'many',
    damage: (version2) => {
      for (const path of snapshots(version2)) rmSync(path);
    },
    due: /No snapshot found, but there are log entries.*log\.[0-9a-f]+/,
  },
  {
    name: 'all snapshots spoilt',
    base: 'many',
    damage: (version2) => {
      for (const path of snapshots(version2)) spoil(path);
    },
    due: /snapshot/,
  },
  {
    name: 'leftover temporaries of a snapshot',
    base: 'many',
    damage: (version2) => {
      const half = readFileSync(newestSnapshot(version2)).subarray(0, 400);
      writeFileSync(join(version2, '.tmp-snapshot.fff'), half);
      writeFileSync(join(version2, 'snapshot.ffe.tmp'), half);
      renameSync(join(version2, '.tmp-snapshot.fff'), join(version2, '.tmp-snapshot.ffd'));
    },
    due: 'all',
  },
];
