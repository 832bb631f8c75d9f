// One transaction of the log as one line, in the words of Apache's TxnLogToolkit. Pure.
// Creates, data and multis have forms of their own there; everything else is the text that jute makes of a record: a
// string behind an apostrophe, with what could be taken for punctuation written as %XX.
//
//   <date> session 0x<hex> cxid 0x<hex> zxid 0x<hex> <op> <text>

import { JuteReader } from '../../jute/jute-reader.js';
import type { ACL } from '../../protocol/acl.js';
import { OpCode } from '../../protocol/op-code.js';
import { decodeTxnEntry, type TxnBody } from '../../protocol/txns.js';
import type { JavaDates } from '../../server/java-date.js';
import { javaUtf8 } from '../offline/java-utf8.js';

const LONG_MASK = 0xffffffffffffffffn;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(OpCode)
    // The reference has no word for these two.
    .filter(([name]) => name !== 'addWatch')
    .map(([name, code]) => [code, name === 'createTTL' ? 'createTtl' : name]),
);

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '%00',
  '\n': '%0A',
  '\r': '%0D',
  ',': '%2C',
  '}': '%7D',
  '%': '%25',
};

/** With its line end, which comes from the record's text where that has one. Throws JuteError for what does not decode. */
export function txnLine(bytes: Uint8Array, offset: number, length: number, dates: JavaDates): string {
  const { header, body } = decodeTxnEntry(new JuteReader(bytes, offset, offset + length, length));
  const words = [
    dates.short(Number(header.time)),
    'session',
    hex(header.clientId),
    'cxid',
    hex(BigInt(header.cxid)),
    'zxid',
    hex(header.zxid),
    operationName(header.type),
    bodyText(body),
  ];
  const line = words.join(' ');
  return line.endsWith('\n') ? line : `${line}\n`;
}

function operationName(type: number): string {
  return NAMES.get(type) ?? `unknown ${type}`;
}

function bodyText(body: TxnBody): string {
  switch (body.type) {
    case OpCode.create:
    case OpCode.create2: {
      const { path, data, acl, ephemeral, parentCVersion } = body.txn;
      return `${path},${textOf(data)},${aclList(acl)},${ephemeral},${parentCVersion}`;
    }
    case OpCode.createContainer: {
      const { path, data, acl, parentCVersion } = body.txn;
      return `${path},${textOf(data)},${aclList(acl)},${parentCVersion}`;
    }
    case OpCode.createTTL: {
      const { path, data, acl, parentCVersion, ttl } = body.txn;
      return `${path},${textOf(data)},${aclList(acl)},${parentCVersion},${ttl}`;
    }
    case OpCode.setData:
    case OpCode.reconfig:
      return `${body.txn.path},${textOf(body.txn.data)},${body.txn.version}`;
    case OpCode.multi:
      return body.txn.txns.map(({ type, data }) => `${operationName(type)}:${textOf(data)}`).join(';');
    case OpCode.delete:
    case OpCode.deleteContainer:
      return `${stringField(body.txn.path)}\n`;
    case OpCode.setACL: {
      const { path, acl, version } = body.txn;
      return `${stringField(path)},v{${(acl ?? []).map((entry) => `s{${aclFields(entry)}}`).join(',')}},${version}\n`;
    }
    case OpCode.check:
      return `${stringField(body.txn.path)},${body.txn.version}\n`;
    case OpCode.error:
      return `${body.txn.err}\n`;
    case OpCode.createSession:
      return `${body.txn.timeOut}\n`;
    case OpCode.closeSession:
      return body.txn === null ? '' : `v{${body.txn.paths2Delete.map(stringField).join(',')}}\n`;
  }
}

/** Java's text of a list of records, each of which ends its line. */
function aclList(acl: readonly ACL[] | null): string {
  return acl === null ? 'null' : `[${acl.map((entry) => `${aclFields(entry)}\n`).join(', ')}]`;
}

function aclFields({ perms, id }: ACL): string {
  return `${perms},s{${stringField(id.scheme)},${stringField(id.id)}}`;
}

function stringField(text: string | null): string {
  return text === null ? '' : `'${text.replace(/[\0\n\r,}%]/g, (char) => ESCAPES[char])}`;
}

function hex(value: bigint): string {
  return `0x${(value & LONG_MASK).toString(16)}`;
}

function textOf(data: Uint8Array | null): string {
  return data === null ? '' : javaUtf8(data);
}
