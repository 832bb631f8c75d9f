// Bytes as the text that Java makes of them: UTF-8 with U+FFFD for what is none. Pure.
// Node's decoder agrees with Java's about what is broken, but for one thing: a surrogate that was encoded by itself is one
// broken character to Java, two or three to Node.

const SURROGATE_LEAD = 0xed;
const SURROGATE_SECOND_MIN = 0xa0;
const CONTINUATION_MASK = 0xc0;
const CONTINUATION = 0x80;
const REPLACEMENT = '\ufffd';

export function javaUtf8(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  let from = 0;
  for (;;) {
    const surrogate = findSurrogate(buffer, from);
    if (surrogate < 0) return text + buffer.toString('utf8', from);
    const third = buffer[surrogate + 2];
    text += buffer.toString('utf8', from, surrogate) + REPLACEMENT;
    from = surrogate + (third !== undefined && (third & CONTINUATION_MASK) === CONTINUATION ? 3 : 2);
  }
}

function findSurrogate(buffer: Buffer, from: number): number {
  let at = buffer.indexOf(SURROGATE_LEAD, from);
  while (at >= 0) {
    const second = buffer[at + 1];
    if (second !== undefined && second >= SURROGATE_SECOND_MIN && (second & CONTINUATION_MASK) === CONTINUATION)
      return at;
    at = buffer.indexOf(SURROGATE_LEAD, at + 1);
  }
  return -1;
}
