/**
 * Whether a text is an X.500 name as Java's X500Principal reads it, which is what makes an id of the `x509` scheme valid
 * (client-protocol 6.6). RFC 2253 with the liberties of RFC 1779: semicolons, quotes, blanks round everything.
 *
 *   name  = [ ava *( ("," / ";" / "+") ava ) ]
 *   ava   = type "=" ( "#" hex of one DER value / quoted / string )
 *   type  = keyword / [ "OID." ] dotted decimal
 *
 * Pure. It judges only: names are compared as texts.
 */

const KEYWORDS: ReadonlySet<string> = new Set(
  (
    'CN C L S ST O OU T IP STREET DC DNQUALIFIER DNQ SURNAME GIVENNAME INITIALS GENERATION EMAIL EMAILADDRESS UID ' +
    'SERIALNUMBER'
  ).split(' '),
);
const SEPARATORS = ',;+';
/** What may stand behind a backslash, beside two hexadecimal digits. */
const ESCAPABLE = ',=\n+<>#;\\" ';
/** What may not stand in a string without a backslash. */
const NEVER_BARE = '<>"';
const DER_HIGH_TAG = 0x1f;
const DER_LONG_LENGTH = 0x80;

export function isX500Name(text: string): boolean {
  return text === '' || new NameReader(text).readName();
}

class NameReader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  readName(): boolean {
    for (;;) {
      if (!this.readType()) return false;
      this.skipBlanks();
      if (!this.readValue()) return false;
      if (this.at === this.text.length) return true;
      this.at++;
    }
  }

  private readType(): boolean {
    const end = this.text.indexOf('=', this.at);
    if (end < 0) return false;
    const type = trimmed(this.text.slice(this.at, end)).toUpperCase();
    this.at = end + 1;
    return KEYWORDS.has(type) || isObjectIdentifier(type.startsWith('OID.') ? type.slice(4) : type);
  }

  /** Leaves the position at the separator behind the value, or at the end. */
  private readValue(): boolean {
    switch (this.text[this.at]) {
      case '#':
        this.at++;
        return this.readHexadecimal();
      case '"':
        this.at++;
        return this.readQuoted();
      default:
        return this.readString();
    }
  }

  private readHexadecimal(): boolean {
    const begin = this.at;
    while (!this.atSeparator) this.at++;
    const digits = this.text.slice(begin, this.at);
    return /^([0-9a-fA-F]{2})+$/.test(digits) && isOneDerValue(digits);
  }

  private readQuoted(): boolean {
    for (;;) {
      const c = this.text[this.at++];
      if (c === undefined) return false;
      if (c === '"') break;
      if (c === '\\' && !this.readEscaped()) return false;
    }
    this.skipBlanks();
    return this.atSeparator;
  }

  private readString(): boolean {
    while (!this.atSeparator) {
      const c = this.text[this.at++] as string;
      if (c === '\\' ? !this.readEscaped() : NEVER_BARE.includes(c)) return false;
    }
    return true;
  }

  private readEscaped(): boolean {
    const c = this.text[this.at++];
    if (c === undefined) return false;
    if (!isHexadecimal(c)) return ESCAPABLE.includes(c);
    const second = this.text[this.at++];
    return second !== undefined && isHexadecimal(second);
  }

  private get atSeparator(): boolean {
    return this.at >= this.text.length || SEPARATORS.includes(this.text[this.at] as string);
  }

  private skipBlanks(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\n') this.at++;
  }
}

/** As Java trims: everything up to the blank, control characters included. */
function trimmed(text: string): string {
  let begin = 0;
  let end = text.length;
  while (begin < end && text.charCodeAt(begin) <= 0x20) begin++;
  while (end > begin && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(begin, end);
}

function isObjectIdentifier(text: string): boolean {
  if (!/^\d+(\.\d+)+$/.test(text)) return false;
  const [first, second] = text.split('.');
  return Number(first) <= 2 && (Number(first) === 2 || Number(second) < 40);
}

function isHexadecimal(c: string): boolean {
  return /^[0-9a-fA-F]$/.test(c);
}

/** One tag, one definite length, and exactly that many bytes behind it. */
function isOneDerValue(digits: string): boolean {
  const count = digits.length / 2;
  const byte = (i: number): number => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  if (count < 2 || (byte(0) & DER_HIGH_TAG) === DER_HIGH_TAG) return false;
  const short = byte(1);
  if (short < DER_LONG_LENGTH) return count === 2 + short;
  const lengthBytes = short - DER_LONG_LENGTH;
  if (lengthBytes === 0 || lengthBytes > 4 || count < 2 + lengthBytes) return false;
  let length = 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + byte(2 + i);
  return count === 2 + lengthBytes + length;
}
