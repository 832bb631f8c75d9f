// Big-endian words, comparison and copying in plain byte arrays. Any thread; works the same on shared memory. Nothing
// here checks bounds: callers know their lengths. None of these may allocate, concatBytes and long copies excepted.
// Must stay small enough for the engine to inline: stages call these per field.

/** Up to this many bytes a loop beats the call into the engine that set(subarray) makes. */
const COPY_LOOP_BYTES_MAX = 48;

export function readInt32(bytes: Uint8Array, off: number): number {
  return (bytes[off] << 24) | (bytes[off + 1] << 16) | (bytes[off + 2] << 8) | bytes[off + 3];
}

export function writeInt32(bytes: Uint8Array, off: number, v: number): void {
  bytes[off] = v >>> 24;
  bytes[off + 1] = v >>> 16;
  bytes[off + 2] = v >>> 8;
  bytes[off + 3] = v;
}

export function equalBytes(a: Uint8Array, aOff: number, b: Uint8Array, bOff: number, len: number): boolean {
  for (let i = 0; i < len; i++) {
    if (a[aOff + i] !== b[bOff + i]) return false;
  }
  return true;
}

/** Negative, 0 or positive: the order of two byte strings, a shorter one before what it begins. */
export function compareBytes(
  a: Uint8Array,
  aOff: number,
  aLen: number,
  b: Uint8Array,
  bOff: number,
  bLen: number,
): number {
  const shorter = Math.min(aLen, bLen);
  for (let i = 0; i < shorter; i++) {
    if (a[aOff + i] !== b[bOff + i]) return a[aOff + i] - b[bOff + i];
  }
  return aLen - bLen;
}

/** Copies between different arrays, or within one when the regions do not overlap. */
export function copyBytes(src: Uint8Array, srcOff: number, dst: Uint8Array, dstOff: number, len: number): void {
  if (len <= COPY_LOOP_BYTES_MAX) {
    let i = 0;
    for (; i + 4 <= len; i += 4) {
      dst[dstOff + i] = src[srcOff + i];
      dst[dstOff + i + 1] = src[srcOff + i + 1];
      dst[dstOff + i + 2] = src[srcOff + i + 2];
      dst[dstOff + i + 3] = src[srcOff + i + 3];
    }
    for (; i < len; i++) dst[dstOff + i] = src[srcOff + i];
  } else {
    dst.set(src.subarray(srcOff, srcOff + len), dstOff);
  }
}

export function concatBytes(list: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of list) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of list) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
