// Vectors of records and of strings, in both directions. A null vector is null here too; any other negative count has
// been read as empty by the reader. Cold paths: allocates the list, one call per element. Any thread.
// The server's hot paths walk vectors in place instead; nothing per request may come here.

import type { JuteReader } from './jute-reader.js';
import type { JuteWriter } from './jute-writer.js';

/** A string or buffer takes at least its length. */
const USTRING_BYTES_MIN = 4;

export function encodeVector<T>(
  w: JuteWriter,
  list: readonly T[] | null,
  encodeElement: (w: JuteWriter, element: T) => void,
): void {
  if (list === null) {
    w.startVector(-1);
    return;
  }
  w.startVector(list.length);
  for (const element of list) encodeElement(w, element);
}

/** elementBytesMin is the size of the smallest possible element: it bounds the count before anything is allocated. */
export function decodeVector<T>(
  r: JuteReader,
  elementBytesMin: number,
  decodeElement: (r: JuteReader) => T,
): T[] | null {
  const count = r.readVectorCount(elementBytesMin);
  if (count < 0) return null;
  const list: T[] = [];
  for (let i = 0; i < count; i++) list.push(decodeElement(r));
  return list;
}

export function encodeStrings(w: JuteWriter, list: readonly (string | null)[] | null): void {
  encodeVector(w, list, (writer, text) => writer.writeUstring(text));
}

/** Strings from a peer that may send nulls. */
export function decodeNullableStrings(r: JuteReader): (string | null)[] | null {
  return decodeVector(r, USTRING_BYTES_MIN, (reader) => reader.readUstring());
}

/** A null string in the list reads as the empty one, a null list as an empty one. */
export function decodeStrings(r: JuteReader): string[] {
  return decodeVector(r, USTRING_BYTES_MIN, (reader) => reader.readUstring() ?? '') ?? [];
}
