// JSON as Apache's AdminServer prints it (operations 3.2), to the blank: probes look for `"error" : null` on a line of its own.
// Pure. Longs are bigints and come out exact; keys keep their order. What may be long is given as a Map or any iterable, and comes
// out in pieces, made one after the other.
//
//   {
//     "key" : [ 1, 2 ],             two blanks per object, " : " between key and value, lists on one line
//     "list" : [ {
//       "a" : null
//     }, {
//       "a" : "b"
//     } ],
//     "none" : [ ]
//   }                                no newline at the end

import { javaDouble } from '../base/java-double.js';

export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | JsonDouble
  | Iterable<JsonValue>
  | JsonMap
  | JsonEntries
  | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
/** An object with many keys, or with keys whose order a JavaScript object would not keep. */
export type JsonMap = ReadonlyMap<string | bigint | number, JsonValue>;

/** Keys and values of an object that are made while it is printed, once. */
export class JsonEntries {
  readonly entries: Iterable<readonly [string | bigint, JsonValue]>;

  constructor(entries: Iterable<readonly [string | bigint, JsonValue]>) {
    this.entries = entries;
  }
}

/** A number that is not whole by its kind: it has a point even if it is whole by its value. */
export class JsonDouble {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

const INDENT = '  ';

export function jsonText(value: JsonValue): string {
  let text = '';
  for (const piece of jsonPieces(value)) text += piece;
  return text;
}

export function* jsonPieces(value: JsonValue, depth = 0): Iterable<string> {
  if (isPlain(value)) {
    yield plainText(value);
    return;
  }
  if (value instanceof Map) {
    yield* objectPieces(value, depth);
    return;
  }
  if (value instanceof JsonEntries) {
    yield* objectPieces(value.entries, depth);
    return;
  }
  if (isIterable(value)) {
    yield* listPieces(value, depth);
    return;
  }
  yield* objectPieces(Object.entries(value as JsonObject), depth);
}

function* listPieces(list: Iterable<JsonValue>, depth: number): Iterable<string> {
  let before = '[ ';
  for (const item of list) {
    if (isPlain(item)) {
      yield before + plainText(item);
    } else {
      yield before;
      yield* jsonPieces(item, depth);
    }
    before = ', ';
  }
  yield before === '[ ' ? '[ ]' : ' ]';
}

function* objectPieces(
  entries: Iterable<readonly [string | bigint | number, JsonValue]>,
  depth: number,
): Iterable<string> {
  const inner = INDENT.repeat(depth + 1);
  let before = '{\n';
  for (const [key, item] of entries) {
    const begin = `${before}${inner}${quoted(String(key))} : `;
    if (isPlain(item)) {
      yield begin + plainText(item);
    } else {
      yield begin;
      yield* jsonPieces(item, depth + 1);
    }
    before = ',\n';
  }
  yield before === '{\n' ? '{ }' : `\n${INDENT.repeat(depth)}}`;
}

type Plain = string | number | bigint | boolean | null | JsonDouble;

function isPlain(value: JsonValue): value is Plain {
  return typeof value !== 'object' || value === null || value instanceof JsonDouble;
}

function plainText(value: Plain): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`;
  if (value instanceof JsonDouble) return Number.isFinite(value.value) ? javaDouble(value.value) : `"${value.value}"`;
  return String(value);
}

function isIterable(value: object): value is Iterable<JsonValue> {
  return Symbol.iterator in value;
}

/** Java's printer writes the digits of an escape in capitals. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/\\\\|\\u[0-9a-f]{4}/g, (match) =>
    match.length > 2 ? `\\u${match.slice(2).toUpperCase()}` : match,
  );
}
