// Which paths name a znode. Two doors to one rule: bytes as they lie in a frame (no string is made, nothing is
// allocated) and strings with the sentence that Java's PathUtils says, which clients and scripts see. Any thread.
//
// A path begins with "/", does not end with it (the root excepted), has no empty component and none that is "." or
// "..", and no character of U+0000-001F, U+007F-009F, U+D800-F8FF, U+FFF0-FFFF. Malformed UTF-8 decodes to U+FFFD and
// supplementary characters to surrogates: both are of those, so a byte path with either is invalid.

const SLASH = 0x2f;
const DOT = 0x2e;

export function validatePathBytes(bytes: Uint8Array, off: number, len: number): boolean {
  if (len < 1 || bytes[off] !== SLASH) return false;
  if (len === 1) return true;
  const end = off + len;
  let start = off + 1; // of the component that is being read
  let i = start;
  while (i < end) {
    const c = bytes[i];
    if (c === SLASH) {
      if (!isComponent(bytes, start, i)) return false;
      start = ++i;
    } else if (c < 0x80) {
      if (c < 0x20 || c === 0x7f) return false;
      i++;
    } else {
      const length = validSequenceLength(bytes, i, end);
      if (length === 0) return false;
      i += length;
    }
  }
  return isComponent(bytes, start, end);
}

/** null when the path is valid. Positions count UTF-16 units, as Java's do. */
export function validatePath(path: string | null): string | null {
  if (path === null) return 'Path cannot be null';
  if (path.length === 0) return 'Path length must be > 0';
  if (path.charCodeAt(0) !== SLASH) return 'Path must start with / character';
  if (path.length === 1) return null;
  if (path.charCodeAt(path.length - 1) === SLASH) return 'Path must not end with / character';
  const reason = invalidReason(path);
  return reason === null ? null : `Invalid path string "${path}" caused by ${reason}`;
}

function isComponent(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0) return false;
  if (length > 2 || bytes[start] !== DOT) return true;
  return length === 2 && bytes[start + 1] !== DOT;
}

/** Bytes of the allowed non-ASCII character at i, 0 when it is malformed or forbidden. */
function validSequenceLength(bytes: Uint8Array, i: number, end: number): number {
  const lead = bytes[i];
  if (lead < 0xc2 || lead > 0xef || i + 1 >= end) return 0;
  const second = bytes[i + 1];
  if ((second & 0xc0) !== 0x80) return 0;
  if (lead < 0xe0) return lead === 0xc2 && second < 0xa0 ? 0 : 2; // U+0080-009F
  if (i + 2 >= end) return 0;
  const third = bytes[i + 2];
  if ((third & 0xc0) !== 0x80) return 0;
  const point = ((lead & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
  if (point < 0x800) return 0; // overlong
  return isForbidden(point) ? 0 : 3;
}

function invalidReason(path: string): string | null {
  let start = 1;
  for (let i = 1; i <= path.length; i++) {
    const c = i === path.length ? SLASH : path.charCodeAt(i);
    if (c === SLASH) {
      const length = i - start;
      if (length === 0) return `empty node name specified @${i}`;
      const isRelative =
        length <= 2 && path.charCodeAt(start) === DOT && (length === 1 || path.charCodeAt(start + 1) === DOT);
      if (isRelative) return `relative paths not allowed @${i - 1}`;
      start = i + 1;
    } else if (c === 0) {
      return `null character not allowed @${i}`;
    } else if (isForbidden(c)) {
      return `invalid character @${i}`;
    }
  }
  return null;
}

/** Of one UTF-16 unit. */
function isForbidden(unit: number): boolean {
  return unit <= 0x1f || (unit >= 0x7f && unit <= 0x9f) || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0;
}
