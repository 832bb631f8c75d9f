// The uncompressed bytes of a snapshot file, whatever it is compressed with: what the window of SnapshotReader reads from.
// Any thread that may block; the file stays the caller's.
//
// What the reader may rely on: memory is bounded; the length of compressed content (`byteCount`) is not known before its end
// has been read, and is Infinity until then; broken compressed bytes throw CompressedDataError, here or while reading; a
// file that is merely cut ends early instead, as an uncompressed one does.

import type { StoredFile } from './file-store.js';
import { GzSource } from './gz-source.js';
import { type ByteSource, fileSource } from './read-window.js';
import { SnappySource } from './snappy-source.js';
import { compressionOf } from './snapshot-compression.js';

/** `isStrict`: also what a start would not look at (the trailers of gzip) must be right. */
export function snapshotSource(file: StoredFile, isStrict: boolean): ByteSource {
  switch (compressionOf(file.path)) {
    case 'none':
      return fileSource(file);
    case 'gz':
      return new GzSource(file, isStrict);
    case 'snappy':
      return new SnappySource(file);
  }
}
