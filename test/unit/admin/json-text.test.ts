// JSON to the blank as operations 3.2 shows it; what probes grep for depends on it.

import { describe, expect, it } from 'vitest';
import { JsonDouble, jsonPieces, jsonText } from '../../../src/admin/json-text.js';

describe('JSON of the AdminServer', () => {
  it('has a line per key, two blanks deep, and no newline at the end', () => {
    expect(jsonText({ command: 'ruok', error: null })).toBe('{\n  "command" : "ruok",\n  "error" : null\n}');
  });

  it('writes lists on one line, and the objects in them on several', () => {
    const text = jsonText({ ids: [1, 2], list: [{ a: 1, b: { c: true } }, { a: 2 }], none: [], empty: {} });
    expect(text).toBe(
      [
        '{',
        '  "ids" : [ 1, 2 ],',
        '  "list" : [ {',
        '    "a" : 1,',
        '    "b" : {',
        '      "c" : true',
        '    }',
        '  }, {',
        '    "a" : 2',
        '  } ],',
        '  "none" : [ ],',
        '  "empty" : { }',
        '}',
      ].join('\n'),
    );
  });

  it('keeps every digit of a long, and has words for what is no number', () => {
    expect(jsonText([72057678898135041n, -1n, 2.5, Number.NaN])).toBe('[ 72057678898135041, -1, 2.5, "NaN" ]');
  });

  it('takes maps and sets for objects and lists, in their own order, and prints them in pieces', () => {
    const value = {
      map: new Map([
        [2n, new Set(['/b', '/a'])],
        [1n, new Set<string>()],
      ]),
      none: new Map(),
      average: new JsonDouble(11),
    };
    const text =
      '{\n  "map" : {\n    "2" : [ "/b", "/a" ],\n    "1" : [ ]\n  },\n  "none" : { },\n  "average" : 11.0\n}';
    expect(jsonText(value)).toBe(text);
    expect([...jsonPieces(value)].length).toBeGreaterThan(5);
  });

  it('escapes as Java does', () => {
    expect(jsonText('a"b\\u00ab\n\u001fé')).toBe('"a\\"b\\\\u00ab\\n\\u001Fé"');
  });
});
