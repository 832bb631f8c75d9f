// How a snapshot file is compressed: by its name, and as the configuration wants it. Pure; any thread. The name alone decides
// how a file is read, as in the reference: what is configured says how the next one is written, and must never make an
// older one unreadable.

export type SnapshotCompression = 'none' | 'gz' | 'snappy';

/** Of a file, by the text behind the last dot, as the reference does. */
export function compressionOf(name: string): SnapshotCompression {
  return knownMethod(name.slice(name.lastIndexOf('.') + 1));
}

/** snapshot.compression.method: whatever is none of the two, in any case, means none. */
export function knownMethod(method: string): SnapshotCompression {
  const lower = method.toLowerCase();
  return lower === 'gz' || lower === 'snappy' ? lower : 'none';
}

/** What a snapshot's name ends in. */
export function suffixOf(compression: SnapshotCompression): string {
  return compression === 'none' ? '' : `.${compression}`;
}
