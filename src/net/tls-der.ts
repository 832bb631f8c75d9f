/**
 * A walk over DER: as much of ASN.1 as certificates and key stores need. Bounds are checked, nothing is copied, and what
 * is not DER (indefinite lengths, long tags) is refused. Any thread; pure. Cold path: files and handshakes only.
 *
 *   value   | tag | length: 1 byte < 0x80, or 0x8n and n bytes | content |
 */
export const DerTag = {
  integer: 0x02,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  /** [0], constructed: explicit, or implicit of something constructed. */
  context0: 0xa0,
  /** [0], primitive: an implicit octet string. */
  context0Primitive: 0x80,
} as const;

export class DerError extends Error {
  override readonly name = 'DerError';
}

export class DerValue {
  readonly bytes: Uint8Array;
  readonly tag: number;
  readonly begin: number;
  readonly contentBegin: number;
  readonly end: number;

  private constructor(bytes: Uint8Array, tag: number, begin: number, contentBegin: number, end: number) {
    this.bytes = bytes;
    this.tag = tag;
    this.begin = begin;
    this.contentBegin = contentBegin;
    this.end = end;
  }

  /** The value that begins at `offset` and must end at `limit` or before. */
  static at(bytes: Uint8Array, offset: number, limit: number): DerValue {
    if (offset + 2 > limit) throw new DerError('a value is cut short');
    const tag = bytes[offset];
    if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of several bytes');
    let length = bytes[offset + 1];
    let contentBegin = offset + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0) throw new DerError('a value of indefinite length');
      if (count > 4 || contentBegin + count > limit) throw new DerError('a length that cannot be');
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + bytes[contentBegin + i];
      contentBegin += count;
    }
    if (length > limit - contentBegin) throw new DerError('a value is cut short');
    return new DerValue(bytes, tag, offset, contentBegin, contentBegin + length);
  }

  static whole(bytes: Uint8Array): DerValue {
    return DerValue.at(bytes, 0, bytes.length);
  }

  /** Tag and length included. */
  get encoded(): Uint8Array {
    return this.bytes.subarray(this.begin, this.end);
  }

  get content(): Uint8Array {
    return this.bytes.subarray(this.contentBegin, this.end);
  }

  expect(tag: number): this {
    if (this.tag !== tag) throw new DerError(`tag 0x${this.tag.toString(16)} where 0x${tag.toString(16)} belongs`);
    return this;
  }

  children(): DerValue[] {
    const children: DerValue[] = [];
    for (let at = this.contentBegin; at < this.end; ) {
      const child = DerValue.at(this.bytes, at, this.end);
      children.push(child);
      at = child.end;
    }
    return children;
  }

  /** The children of a value that must have at least so many. */
  fields(tag: number, countMin: number): DerValue[] {
    const children = this.expect(tag).children();
    if (children.length < countMin) throw new DerError(`${children.length} fields where ${countMin} belong`);
    return children;
  }

  /** `2.5.4.3` */
  oid(): string {
    const bytes = this.expect(DerTag.oid).content;
    const arcs: bigint[] = [];
    let arc = 0n;
    for (const byte of bytes) {
      arc = (arc << 7n) | BigInt(byte & 0x7f);
      if ((byte & 0x80) !== 0) continue;
      if (arcs.length === 0) {
        const first = arc < 80n ? arc / 40n : 2n;
        arcs.push(first, arc - first * 40n);
      } else {
        arcs.push(arc);
      }
      arc = 0n;
    }
    return arcs.join('.');
  }

  /** A small number: versions, rounds. */
  int(): number {
    const bytes = this.expect(DerTag.integer).content;
    if (bytes.length === 0 || bytes.length > 5) throw new DerError('a number that is too long');
    return bytes.reduce((value, byte) => value * 256 + byte, 0);
  }
}
