// Every field of a received frame as a line of text, the form in which the two servers are compared. Reads the bytes by
// itself (the product's codecs forgive what must be told apart here: null and empty, bytes left over). Times become the
// zxid that gave them and session ids the number of the session; lists without an order are sorted; all else is exact.

import { createHash } from 'node:crypto';
import { OpCode, opName } from '../../../src/protocol/op-code.js';

/** What stands for a server's own numbers. */
export interface Symbols {
  session(id: bigint): string;
  /** The time of the transaction, or a text that says why it cannot be that. */
  time(zxid: bigint, timeMs: bigint): string;
}

const LONG_BYTES = 2000;
const ERROR_RESULT = -1;
const EVENT_NAMES = ['?', 'NodeCreated', 'NodeDeleted', 'NodeDataChanged', 'NodeChildrenChanged'];

class Cursor {
  at = 0;
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  bool(): boolean {
    const value = this.bytes.readUInt8(this.at);
    this.at += 1;
    if (value > 1) throw new RangeError(`boolean ${value}`);
    return value === 1;
  }

  int(): number {
    const value = this.bytes.readInt32BE(this.at);
    this.at += 4;
    return value;
  }

  long(): bigint {
    const value = this.bytes.readBigInt64BE(this.at);
    this.at += 8;
    return value;
  }

  counted(): Buffer | null {
    const length = this.int();
    if (length === -1) return null;
    if (length < 0 || this.at + length > this.bytes.length) throw new RangeError(`length ${length}`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  string(): string {
    return bytesText(this.counted());
  }

  list(element: () => string): string[] | null {
    const count = this.int();
    if (count === -1) return null;
    if (count < 0 || count > this.bytes.length) throw new RangeError(`count ${count}`);
    return Array.from({ length: count }, element);
  }
}

/** Quoted when it is valid UTF-8, hexadecimal otherwise; long ones by their hash. */
export function bytesText(bytes: Buffer | null): string {
  if (bytes === null) return 'null';
  if (bytes.length > LONG_BYTES) return `${bytes.length} bytes ${createHash('sha1').update(bytes).digest('hex')}`;
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? JSON.stringify(text) : `x${bytes.toString('hex')}`;
}

export interface EventFields {
  readonly type: number;
  readonly path: string;
  /** Everything but the zxid. */
  readonly text: string;
}

/** null when the payload behind the header is no WatcherEvent. */
export function readEvent(body: Buffer): EventFields | null {
  try {
    const cursor = new Cursor(body);
    const type = cursor.int();
    const state = cursor.int();
    const path = cursor.string();
    return { type, path, text: `event ${EVENT_NAMES[type] ?? type} state=${state} path=${path}${rest(cursor)}` };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The body of a reply to `op`. Falls back to plain bytes when it cannot be such a body. */
export function replyBodyText(op: number, err: number, body: Buffer, symbols: Symbols): string {
  if (body.length === 0) return '';
  try {
    const cursor = new Cursor(body);
    const text = bodyText(op, err, cursor, symbols);
    return ` ${text}${rest(cursor)}`;
  } catch (error) {
    if (error instanceof RangeError) return ` undecodable ${body.toString('hex')}`;
    throw error;
  }
}

function rest(cursor: Cursor): string {
  return cursor.at === cursor.bytes.length ? '' : ` + ${cursor.bytes.subarray(cursor.at).toString('hex')}`;
}

function bodyText(op: number, err: number, cursor: Cursor, symbols: Symbols): string {
  if (op === OpCode.sasl) return `token=${cursor.string()}`;
  if (op === OpCode.multi || op === OpCode.multiRead) return multiText(cursor, symbols);
  if (err !== 0) throw new RangeError('a failed reply has no body');
  switch (op) {
    case OpCode.create:
    case OpCode.sync:
      return `path=${cursor.string()}`;
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return `path=${cursor.string()} ${statText(cursor, symbols)}`;
    case OpCode.exists:
    case OpCode.setData:
    case OpCode.setACL:
      return statText(cursor, symbols);
    case OpCode.getData:
    case OpCode.reconfig:
      return `data=${cursor.string()} ${statText(cursor, symbols)}`;
    case OpCode.getACL:
      return `acl=${aclText(cursor)} ${statText(cursor, symbols)}`;
    case OpCode.getChildren:
      return `children=${sortedText(cursor.list(() => cursor.string()))}`;
    case OpCode.getChildren2:
      return `children=${sortedText(cursor.list(() => cursor.string()))} ${statText(cursor, symbols)}`;
    case OpCode.getEphemerals:
      return `ephemerals=${sortedText(cursor.list(() => cursor.string()))}`;
    case OpCode.getAllChildrenNumber:
      return `totalNumber=${cursor.int()}`;
    case OpCode.addWatch:
      return `err=${cursor.int()}`;
    case OpCode.whoAmI:
      return `clientInfo=${sortedText(cursor.list(() => `{${cursor.string()} ${cursor.string()}}`))}`;
    default:
      throw new RangeError(`${opName(op)} has no body`);
  }
}

function multiText(cursor: Cursor, symbols: Symbols): string {
  const results: string[] = [];
  for (;;) {
    const type = cursor.int();
    const done = cursor.bool();
    const err = cursor.int();
    if (done) return `[${results.join(', ')}] end(${type} ${err})`;
    results.push(`${type === ERROR_RESULT ? 'error' : opName(type)}(${err})${resultText(type, cursor, symbols)}`);
  }
}

function resultText(type: number, cursor: Cursor, symbols: Symbols): string {
  switch (type) {
    case ERROR_RESULT:
      return ` err=${cursor.int()}`;
    case OpCode.delete:
    case OpCode.check:
      return '';
    default:
      return ` ${bodyText(type, 0, cursor, symbols)}`;
  }
}

function sortedText(list: string[] | null): string {
  return list === null ? 'null' : `[${list.sort().join(' ')}]`;
}

function aclText(cursor: Cursor): string {
  const list = cursor.list(() => `{${cursor.int()} ${cursor.string()} ${cursor.string()}}`);
  return list === null ? 'null' : `[${list.join(' ')}]`;
}

function statText(cursor: Cursor, symbols: Symbols): string {
  const czxid = cursor.long();
  const mzxid = cursor.long();
  const ctime = symbols.time(czxid, cursor.long());
  const mtime = symbols.time(mzxid, cursor.long());
  const versions = `version=${cursor.int()} cversion=${cursor.int()} aversion=${cursor.int()}`;
  const owner = symbols.session(cursor.long());
  const sizes = `dataLength=${cursor.int()} numChildren=${cursor.int()}`;
  const pzxid = cursor.long();
  return (
    `stat{czxid=${czxid} mzxid=${mzxid} ctime=${ctime} mtime=${mtime} ${versions} ephemeralOwner=${owner} ` +
    `${sizes} pzxid=${pzxid}}`
  );
}
