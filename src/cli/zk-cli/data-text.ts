// A node's data as zkCli shows it: text, base64, or a dump of sixteen bytes to the line.
//
//            +-------------------------------------------------+
//            |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |
//   +--------+-------------------------------------------------+----------------+
//   |00000000| 68 65 6c 6c 6f                                  |hello           |
//   +--------+-------------------------------------------------+----------------+

import { decodeUtf8 } from '../../base/utf8.js';

const BYTES_PER_LINE = 16;
const TOP = [
  '         +-------------------------------------------------+',
  '         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |',
];
const RULE = '+--------+-------------------------------------------------+----------------+';

export function plainText(data: Uint8Array): string {
  return decodeUtf8(data, 0, data.length);
}

export function base64Text(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64');
}

export function hexDump(data: Uint8Array): string {
  if (data.length === 0) return '';
  const lines = [...TOP, RULE];
  for (let at = 0; at < data.length; at += BYTES_PER_LINE) lines.push(dumpLine(data, at));
  lines.push(RULE);
  return lines.join('\n');
}

function dumpLine(data: Uint8Array, at: number): string {
  let hex = '';
  let text = '';
  for (const byte of data.subarray(at, at + BYTES_PER_LINE)) {
    hex += ` ${byte.toString(16).padStart(2, '0')}`;
    text += byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  const offset = at.toString(16).padStart(8, '0');
  return `|${offset}|${hex.padEnd(BYTES_PER_LINE * 3)} |${text.padEnd(BYTES_PER_LINE)}|`;
}
