/**
 * The subject of a certificate as ZooKeeper's x509 scheme writes it (client-protocol 10.2): RFC 2253 as Java prints it,
 * since the text is compared with ids that stand in ACLs. Node's own text of a subject is another one. Any thread; pure.
 *
 * Most specific name first. Known attribute types by keyword and with their text; all others, and values that are no text,
 * as # and the hexadecimal digits of their DER.
 */
import { DerTag, DerValue } from './tls-der.js';

const KEYWORDS: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
]);

/** UTF8, Printable, Teletex, IA5, General and BMP strings. */
const TEXT_TAGS: ReadonlySet<number> = new Set([0x0c, 0x13, 0x14, 0x16, 0x1b, 0x1e]);
const ESCAPED = /[,=+<>#;"\\]/g;

/** `certificate`: the whole certificate in DER. */
export function subjectOf(certificate: Uint8Array): string {
  const [toBeSigned] = DerValue.whole(certificate).fields(DerTag.sequence, 1);
  const fields = toBeSigned.fields(DerTag.sequence, 5);
  // Version 1 has no version field: then the serial number comes first.
  const versioned = fields[0].tag === DerTag.context0;
  return distinguishedName(fields[versioned ? 5 : 4]);
}

/** `name`: the RDNSequence. */
export function distinguishedName(name: DerValue): string {
  const relativeNames = name.fields(DerTag.sequence, 0);
  return relativeNames
    .reverse()
    .map((relative) => relative.fields(DerTag.set, 1).map(attribute).join('+'))
    .join(',');
}

function attribute(typeAndValue: DerValue): string {
  const [type, value] = typeAndValue.fields(DerTag.sequence, 2);
  const oid = type.oid();
  const keyword = KEYWORDS.get(oid);
  if (keyword === undefined || !TEXT_TAGS.has(value.tag)) {
    return `${keyword ?? oid}=#${Buffer.from(value.encoded).toString('hex')}`;
  }
  // Java reads every kind of text as UTF-8, whatever its tag says.
  return `${keyword}=${escaped(Buffer.from(value.content).toString('utf8'))}`;
}

function escaped(text: string): string {
  const marked = text.replace(ESCAPED, '\\$&').replaceAll('\0', '\\00');
  const from = marked.search(/[^ \r]/);
  const to = marked.search(/[ \r]*$/);
  const edge = (part: string): string => part.replace(/[ \r]/g, '\\$&');
  if (from < 0) return edge(marked);
  return edge(marked.slice(0, from)) + marked.slice(from, to) + edge(marked.slice(to));
}
