/**
 * The names of watch events for transcripts, from the one table of the protocol. Tests only; a number without a name is
 * shown as it is, so that a wrong one is seen in the comparison rather than thrown about.
 */
import { EventType } from '../../../src/protocol/watch-event.js';

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(EventType).map(([name, number]) => [number, name]));

export function eventName(type: number): string {
  return NAMES.get(type) ?? String(type);
}
