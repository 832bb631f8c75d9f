// Reads the golden vector files beside it into data: what each vector says, nothing decoded by the code under test.
// The form of the files is told in their own first lines. Tests only; a line it does not understand is an error.

import { readFileSync } from 'node:fs';

export interface GoldenFrame {
  readonly direction: '>' | '<';
  readonly kind: string;
  readonly bytes: Uint8Array;
  readonly header: unknown;
  /** undefined: no body. */
  readonly body: unknown;
  readonly isUndecodable: boolean;
}

export interface GoldenVector {
  readonly number: number;
  readonly title: string;
  readonly frames: readonly GoldenFrame[];
  readonly endsClosed: boolean;
  /** Lines that begin with `=`: kind and value. */
  readonly values: readonly (readonly [string, unknown])[];
}

export interface GoldenTxn {
  readonly number: number;
  readonly name: string;
  readonly checksum: number;
  readonly bytes: Uint8Array;
  readonly header: unknown;
  readonly body: unknown;
  readonly digest: unknown;
}

type Attributes = Map<string, string>;

interface Item {
  readonly line: string;
  readonly attributes: Attributes;
}

export function readClientVectors(): GoldenVector[] {
  return sections('client-vectors.txt', /^V(\d+) (.+)$/).map(({ number, title, items }) => {
    const frames: GoldenFrame[] = [];
    const values: [string, unknown][] = [];
    let endsClosed = false;
    for (const { line, attributes } of items) {
      const [mark, kind, ...rest] = line.split(' ');
      if (mark === '=') {
        values.push([kind, expected(rest.join(' '))]);
      } else if (kind === 'closed') {
        endsClosed = true;
      } else if ((mark === '>' || mark === '<') && rest.length === 0) {
        const body = attributes.get('body');
        const isUndecodable = body === 'undecodable';
        frames.push({
          direction: mark,
          kind,
          bytes: unhex(required(attributes, 'bytes', line)),
          header: optional(attributes, 'header'),
          body: isUndecodable || body === undefined ? undefined : expected(body),
          isUndecodable,
        });
      } else {
        throw new Error(`client-vectors.txt: ${line}`);
      }
    }
    return { number, title, frames, endsClosed, values };
  });
}

export function readTxnVectors(): GoldenTxn[] {
  return sections('txn-vectors.txt', /^T(\d+) (.+)$/).map(({ number, title, attributes }) => ({
    number,
    name: title,
    checksum: Number.parseInt(required(attributes, 'checksum', title), 16),
    bytes: unhex(required(attributes, 'bytes', title)),
    header: expected(required(attributes, 'header', title)),
    body: expected(required(attributes, 'body', title)),
    digest: optional(attributes, 'digest') ?? null,
  }));
}

export function unhex(text: string): Uint8Array {
  const digits = text.replaceAll(' ', '');
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not hex: ${text}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface Section {
  readonly number: number;
  readonly title: string;
  /** Of lines indented by two directly below the title. */
  readonly attributes: Attributes;
  readonly items: Item[];
}

function sections(file: string, titlePattern: RegExp): Section[] {
  const found: Section[] = [];
  let attributes: Attributes | null = null;
  let name = '';
  const lines = readFileSync(new URL(file, import.meta.url), 'utf8').split('\n');
  for (const line of lines) {
    if (line === '' || line.startsWith('#')) continue;
    const title = titlePattern.exec(line);
    if (title !== null) {
      attributes = new Map();
      found.push({ number: Number(title[1]), title: title[2], attributes, items: [] });
    } else if (line.startsWith('    ') && attributes?.has(name)) {
      attributes.set(name, attributes.get(name) + line.slice(4));
    } else if (line.startsWith('  ') && attributes !== null) {
      name = line.trim().split(' ')[0];
      attributes.set(name, line.trim().slice(name.length + 1));
    } else if (/^[<>=] /.test(line) && found.length > 0) {
      attributes = new Map();
      found[found.length - 1].items.push({ line, attributes });
    } else {
      throw new Error(`${file}: ${line}`);
    }
  }
  return found;
}

function required(attributes: Attributes, name: string, where: string): string {
  const value = attributes.get(name);
  if (value === undefined) throw new Error(`${where}: no ${name}`);
  return value;
}

function optional(attributes: Attributes, name: string): unknown {
  const value = attributes.get(name);
  return value === undefined ? undefined : expected(value);
}

/** JSON with "7n" for 64-bit integers and {"text":""} or {"hex":""} for buffers. */
function expected(json: string): unknown {
  return JSON.parse(json, (_key, value: unknown) => {
    if (typeof value === 'string' && /^-?\d+n$/.test(value)) return BigInt(value.slice(0, -1));
    if (isObjectWith(value, 'text')) return new TextEncoder().encode(value.text);
    if (isObjectWith(value, 'hex') && Object.keys(value).length === 1) return unhex(value.hex);
    return value;
  });
}

function isObjectWith<K extends string>(value: unknown, key: K): value is Record<K, string> {
  return typeof value === 'object' && value !== null && key in value;
}
