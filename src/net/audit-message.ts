/**
 * The text of one line of the audit log (operations 9.1): pairs joined by tabs, what is absent left out, in this order.
 *
 *   session user ip operation znode znode_type acl result
 *
 * Pure; used by connection shards, which write the lines of their clients piece by piece (audit-trail.ts), and by the main thread for
 * the server itself. Paths, names and ACLs are chosen
 * by clients: control characters in them are escaped, or one request could write two lines, or another's fields.
 */
import type { Identity } from '../processor/acl.js';

export interface AuditFields {
  readonly session?: string;
  readonly user: string;
  readonly ip?: string;
  readonly operation: string;
  readonly znode?: string | null;
  readonly znode_type?: string | null;
  readonly acl?: string | null;
}

/** First byte of a line on its way to the main thread: its level. */
export const AUDIT_INFO = 0x49;
export const AUDIT_ERROR = 0x45;

export type AuditResult = 'success' | 'failure' | 'invoked';

export function auditMessage(fields: AuditFields, result: AuditResult): string {
  let message = '';
  const { session, user, ip, operation, znode, znode_type: znodeType, acl } = fields;
  const pairs = { session, user, ip, operation, znode, znode_type: znodeType, acl, result };
  for (const [key, value] of Object.entries(pairs)) {
    if (value === undefined || value === null) continue;
    message += `${message === '' ? '' : '\t'}${key}=${escapedText(value)}`;
  }
  return message;
}

/** The names of all identities: of a digest the user alone, of the others all of it. */
export function userNames(identities: readonly Identity[]): string {
  return identities.map(({ scheme, id }) => (scheme === 'digest' ? id.slice(0, colonOf(id)) : id)).join(',');
}

function colonOf(id: string): number {
  const at = id.indexOf(':');
  return at < 0 ? id.length : at;
}

export function escapedText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (char) => {
    const named = { '\t': '\\t', '\n': '\\n', '\r': '\\r' }[char];
    return named ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
