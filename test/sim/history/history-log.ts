/**
 * A history while it is being written: entries in the order in which they happen, and the numbers by which they are told apart.
 * Who writes one may have it told line by line.
 */
import { type HistoryEntry, type Operation, opText, zxidText } from './history.js';

export class History {
  readonly entries: HistoryEntry[] = [];
  /** Told every entry as a line of words. */
  onLine: ((line: string) => void) | null = null;
  onEntry: ((entry: HistoryEntry) => void) | null = null;
  private idNext = 1;
  private connectionNext = 1;

  nextConnection(): number {
    return this.connectionNext++;
  }

  /** Returns the number of the operation. */
  invoke(session: bigint, connection: number, server: number, cxid: number, op: Operation): number {
    const id = this.idNext++;
    this.add({ kind: 'invoke', id, session, connection, server, cxid, op });
    return id;
  }

  add(entry: HistoryEntry): void {
    this.entries.push(entry);
    this.onLine?.(lineOf(entry));
    this.onEntry?.(entry);
  }
}

export function lineOf(entry: HistoryEntry): string {
  switch (entry.kind) {
    case 'invoke':
      return `#${entry.id} ${opText(entry.op)} (session ${entry.session.toString(16)} -> server ${entry.server})`;
    case 'return': {
      const { zxid, err, path, data, children, stat, results } = entry.outcome;
      const words = [`#${entry.id} -> ${err === 0 ? 'ok' : err} @${zxidText(zxid)}`];
      if (path !== undefined) words.push(String(path));
      if (data !== undefined) words.push(`"${data}"`);
      if (children !== undefined) words.push(`[${children.join(' ')}]`);
      if (stat !== undefined) words.push(`v${stat.version}`);
      if (results !== undefined) words.push(`[${results.map((result) => result.err).join(' ')}]`);
      return words.join(' ');
    }
    case 'event':
      return `event ${entry.type} ${entry.path} @${zxidText(entry.zxid)} (session ${entry.session.toString(16)}, server ${entry.server})`;
    case 'attached':
      return `session ${entry.session.toString(16)} ${entry.isNew ? 'opened' : 'moved'} to server ${entry.server}`;
    case 'lost':
      return `session ${entry.session.toString(16)} lost its connection`;
    case 'expired':
      return `session ${entry.session.toString(16)} is no more, says server ${entry.server}`;
  }
}
