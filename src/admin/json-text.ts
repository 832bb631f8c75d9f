// JSON as Apache's AdminServer prints it (operations 3.2), to the blank: probes look for `"error" : null` on a line of its own.
// Pure. Longs are bigints and come out exact; keys keep their order.
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

export type JsonValue = string | number | bigint | boolean | null | JsonDouble | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A number that is not whole by its kind: it has a point even if it is whole by its value. */
export class JsonDouble {
  readonly double: number;

  constructor(double: number) {
    this.double = double;
  }
}

const INDENT = '  ';

export function jsonText(value: JsonValue, depth = 0): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`;
  if (typeof value === 'string') return quoted(value);
  if (value instanceof JsonDouble) {
    return Number.isFinite(value.double) ? javaDouble(value.double) : `"${value.double}"`;
  }
  if (isList(value)) {
    return value.length === 0 ? '[ ]' : `[ ${value.map((item) => jsonText(item, depth)).join(', ')} ]`;
  }
  const inner = INDENT.repeat(depth + 1);
  const lines = Object.entries(value).map(([key, item]) => `${inner}${quoted(key)} : ${jsonText(item, depth + 1)}`);
  return lines.length === 0 ? '{ }' : `{\n${lines.join(',\n')}\n${INDENT.repeat(depth)}}`;
}

function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Java's printer writes the digits of an escape in capitals. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/\\\\|\\u[0-9a-f]{4}/g, (match) =>
    match.length > 2 ? `\\u${match.slice(2).toUpperCase()}` : match,
  );
}
