/**
 * Another name for the bytes of a file, before its own one goes: whoever takes files out of a database destroys nothing. Used by repairs
 * (log-repair.ts, database-aside.ts), while no server runs on the directory. Throws what the file store throws.
 */
import { errorCodeOf, type FileStore } from './file-store.js';

const COPY_BYTES = 1 << 20;
/** A file system without hard links says one of these. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** A second name for the same bytes, or, where there is no such thing, a copy. */
export function keepUnder(fileStore: FileStore, path: string, target: string): void {
  try {
    fileStore.link(path, target);
  } catch (error) {
    if (!NO_LINKS.has(errorCodeOf(error))) throw error;
    copyFile(fileStore, path, target, fileStore.sizeOf(path));
  }
}

/** On the disk when it returns, but for its name. */
export function copyFile(fileStore: FileStore, from: string, to: string, byteCount: number): void {
  const source = fileStore.openForRead(from);
  try {
    const target = fileStore.createNew(to, from);
    try {
      const bytes = new Uint8Array(Math.min(COPY_BYTES, byteCount));
      for (let done = 0; done < byteCount; ) {
        const count = source.read(bytes, 0, Math.min(bytes.length, byteCount - done), done);
        if (count === 0) throw new RangeError(`${from} became shorter while it was copied`);
        target.write(bytes, 0, count, done);
        done += count;
      }
      target.sync();
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
}
