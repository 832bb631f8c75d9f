/**
 * Reads what no crash can take away any more from the logs of a simulated disk: only names that were synced with their
 * directory, of them only bytes that were synced. Goes on where it stopped; an own walk over the records, so that the server's
 * reader does not vouch for its writer.
 *
 *   record = sum:long | length:int | entry | 'B'       entry = session:long | cxid:int | zxid:long | time:long | type:int ...
 */
import { readInt32 } from '../../../src/base/bytes.js';
import { int64FromHalves } from '../../../src/base/int64.js';
import type { SimFileStore } from '../../../src/persistence/sim-file-store.js';

const HEADER_BYTES = 16;
const PREFIX_BYTES = 12;
const CREATE_SESSION = -10;

export class DurableLog {
  /** Every transaction up to here is durable. */
  zxidTo = 0n;
  readonly sessions = new Set<bigint>();
  private readonly disk: SimFileStore;
  private readonly directory: string;
  private readonly offsets = new Map<string, number>();
  private readonly zxids = new Set<bigint>();

  constructor(disk: SimFileStore, directory: string) {
    this.disk = disk;
    this.directory = directory;
  }

  readOn(): void {
    for (const [name, bytes] of this.disk.durableFiles(this.directory)) {
      if (name.startsWith('log.')) this.offsets.set(name, this.walk(bytes, this.offsets.get(name) ?? HEADER_BYTES));
    }
    while (this.zxids.delete(this.zxidTo + 1n)) this.zxidTo++;
  }

  private walk(bytes: Uint8Array, from: number): number {
    let at = from;
    while (bytes.length - at > PREFIX_BYTES) {
      const length = readInt32(bytes, at + 8);
      const end = at + PREFIX_BYTES + length;
      if (length <= 0 || bytes[end] !== 0x42) break;
      const entry = at + PREFIX_BYTES;
      const longAt = (offset: number): bigint =>
        int64FromHalves(readInt32(bytes, entry + offset), readInt32(bytes, entry + offset + 4));
      this.zxids.add(longAt(12));
      if (readInt32(bytes, entry + 28) === CREATE_SESSION) this.sessions.add(longAt(0));
      at = end + 1;
    }
    return at;
  }
}
