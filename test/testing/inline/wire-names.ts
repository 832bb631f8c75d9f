/**
 * Names of watch events and error codes for transcripts, from the protocol's own tables. Tests only; a number without a
 * name is shown as it is, so that a wrong one is seen in the comparison.
 */
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { EventType } from '../../../src/protocol/watch-event.js';

const EVENTS = namesByNumber(EventType);
const ERRORS = namesByNumber(ErrorCode);

export function eventName(type: number): string {
  return EVENTS.get(type) ?? String(type);
}

/** The code's name in the table, not the words that Java prints. */
export function codeName(code: number): string {
  return ERRORS.get(code) ?? String(code);
}

function namesByNumber(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([name, number]) => [number, name]));
}
