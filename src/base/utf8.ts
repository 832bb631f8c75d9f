// UTF-8 between strings and byte arrays, written out because the deterministic layers know neither TextEncoder nor
// Buffer. Any thread; works on shared memory, which TextDecoder refuses. Encoding turns lone surrogates into U+FFFD;
// decoding never fails: each malformed part becomes one U+FFFD exactly where the WHATWG decoder puts one. A leading
// byte order mark is kept (a path is what its bytes say).

const REPLACEMENT = 0xfffd;

/** fromCharCode takes its input as arguments: this many stay far below any engine's limit. */
const CHARS_PER_CALL = 4096;

/**
 * Up to this length the engine joins strings by copying, above it leaves a tree that the first Map lookup has to flatten:
 * there one call with all characters is cheaper.
 */
const CONCAT_CHARS_MAX = 12;

export function utf8Length(s: string): number {
  const units = s.length;
  let length = units;
  for (let i = 0; i < units; i++) {
    const c = s.charCodeAt(i);
    if (c < 0x80) continue;
    if (c < 0x800) length += 1;
    else if (isHighSurrogate(c) && isLowSurrogate(s.charCodeAt(i + 1))) {
      length += 2; // four bytes for two units
      i++;
    } else length += 2;
  }
  return length;
}

export function encodeUtf8(s: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(s));
  encodeUtf8Into(s, bytes, 0);
  return bytes;
}

/** Returns the number of bytes written. The caller has made room for utf8Length(s), or 3 bytes per unit. */
export function encodeUtf8Into(s: string, bytes: Uint8Array, off: number): number {
  const units = s.length;
  for (let i = 0; i < units; i++) {
    const c = s.charCodeAt(i);
    if (c >= 0x80) return i + encodeFrom(s, i, bytes, off + i);
    bytes[off + i] = c;
  }
  return units;
}

function encodeFrom(s: string, start: number, bytes: Uint8Array, off: number): number {
  const units = s.length;
  let at = off;
  for (let i = start; i < units; i++) {
    let c = s.charCodeAt(i);
    if (c < 0x80) {
      bytes[at++] = c;
      continue;
    }
    if (c < 0x800) {
      bytes[at++] = 0xc0 | (c >> 6);
      bytes[at++] = 0x80 | (c & 0x3f);
      continue;
    }
    if (c >= 0xd800 && c <= 0xdfff) {
      const next = s.charCodeAt(i + 1); // NaN at the end: not a low surrogate
      if (isHighSurrogate(c) && isLowSurrogate(next)) {
        c = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00);
        bytes[at++] = 0xf0 | (c >> 18);
        bytes[at++] = 0x80 | ((c >> 12) & 0x3f);
        bytes[at++] = 0x80 | ((c >> 6) & 0x3f);
        bytes[at++] = 0x80 | (c & 0x3f);
        i++;
        continue;
      }
      c = REPLACEMENT;
    }
    bytes[at++] = 0xe0 | (c >> 12);
    bytes[at++] = 0x80 | ((c >> 6) & 0x3f);
    bytes[at++] = 0x80 | (c & 0x3f);
  }
  return at - off;
}

export function decodeUtf8(bytes: Uint8Array, off: number, len: number): string {
  const end = off + len;
  for (let i = off; i < end; i++) {
    if (bytes[i] >= 0x80) return latin1(bytes, off, i - off) + decodeFrom(bytes, i, end);
  }
  return latin1(bytes, off, len);
}

/** One character per byte, 0x00 to 0xff: an exact key for a Map, not text to show. */
export function latin1(bytes: Uint8Array, off: number, len: number): string {
  const end = off + len;
  if (len <= CONCAT_CHARS_MAX) return shortLatin1(bytes, off, end);
  if (len <= CHARS_PER_CALL) return latin1Chunk(bytes, off, end);
  let s = '';
  for (let at = off; at < end; at += CHARS_PER_CALL) s += latin1Chunk(bytes, at, Math.min(at + CHARS_PER_CALL, end));
  return s;
}

function shortLatin1(bytes: Uint8Array, start: number, end: number): string {
  let s = '';
  let i = start;
  for (; i + 4 <= end; i += 4) s += String.fromCharCode(bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]);
  for (; i < end; i++) s += String.fromCharCode(bytes[i]);
  return s;
}

function latin1Chunk(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  // A plain array: the engine spreads one over the arguments twice as fast as a view.
  const units = new Array<number>(length);
  for (let i = 0; i < length; i++) units[i] = bytes[start + i];
  return String.fromCharCode.apply(null, units);
}

/** The decoder proper: one code point or one U+FFFD per round, units collected in chunks. */
function decodeFrom(bytes: Uint8Array, start: number, end: number): string {
  let units: number[] = [];
  let s = '';
  let i = start;
  while (i < end) {
    if (units.length >= CHARS_PER_CALL) {
      s += String.fromCharCode.apply(null, units);
      units = [];
    }
    const lead = bytes[i++];
    if (lead < 0x80) {
      units.push(lead);
      continue;
    }
    // Bytes still needed, and the allowed range of the next one: the narrowed ranges are what refuses overlong
    // forms, surrogates and everything above U+10FFFF at the second byte, so that no valid byte is swallowed.
    let needed: number;
    let lower = 0x80;
    let upper = 0xbf;
    let point: number;
    if (lead >= 0xc2 && lead <= 0xdf) {
      needed = 1;
      point = lead & 0x1f;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      needed = 2;
      point = lead & 0x0f;
      if (lead === 0xe0) lower = 0xa0;
      else if (lead === 0xed) upper = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      needed = 3;
      point = lead & 0x07;
      if (lead === 0xf0) lower = 0x90;
      else if (lead === 0xf4) upper = 0x8f;
    } else {
      units.push(REPLACEMENT);
      continue;
    }
    while (needed > 0 && i < end && bytes[i] >= lower && bytes[i] <= upper) {
      point = (point << 6) | (bytes[i++] & 0x3f);
      lower = 0x80;
      upper = 0xbf;
      needed--;
    }
    if (needed > 0) {
      units.push(REPLACEMENT); // the byte that did not fit is looked at again as a lead
    } else if (point < 0x10000) {
      units.push(point);
    } else {
      units.push(0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff));
    }
  }
  return s + String.fromCharCode.apply(null, units);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
