// An open file that tells how far it has been read, for whoever shows progress; all else is the file's own.
// Lives and dies with the file it wraps, on the thread of that file's owner, who closes the file itself.
// It changes nothing of what is read, and swallows no error.

import type { StoredFile } from './file-store.js';

/** `onRead`: called after each read with the position behind it. */
export function reportedFile(file: StoredFile, onRead: (position: number) => void): StoredFile {
  return {
    path: file.path,
    read(bytes, offset, length, position) {
      const count = file.read(bytes, offset, length, position);
      onRead(position + count);
      return count;
    },
    write: (bytes, offset, length, position) => file.write(bytes, offset, length, position),
    truncate: (size) => file.truncate(size),
    syncData: () => file.syncData(),
    sync: () => file.sync(),
    size: () => file.size(),
    close: () => file.close(),
  };
}
