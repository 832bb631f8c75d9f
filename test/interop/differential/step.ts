// What a sequence of the differential test is made of. A step is one thing that one connection does; every subset of a
// sequence is a sequence too (a slot that has no connection gets a new session by itself), so that a failing one can be
// shrunk by leaving steps out. Bytes are fixed when a request is made: both servers are sent the same.

import type { Trait } from './trait.js';

/** Connections are numbered places: whoever connects on a slot replaces its former connection. */
export const SLOTS = 3;

/** Whether the server is to close the connection behind the request, by the specification. */
export const Closing = { Never: 'never', Both: 'both', OursOnly: 'ours only' } as const;
export type Closing = (typeof Closing)[keyof typeof Closing];

export interface MadeRequest {
  readonly op: number;
  readonly xid: number;
  /** Behind the RequestHeader. */
  readonly body: Buffer;
  readonly text: string;
  readonly closing: Closing;
  readonly traits: readonly Trait[];
  /** Where in the body a long stands that becomes "the newest zxid minus `back`" when the request is sent. */
  readonly zxidPatch?: { readonly offset: number; readonly back: number };
}

/** Whose session an open asks for. `slot` means: the session that was last opened on that slot, open there or not. */
export type SessionChoice =
  | { readonly kind: 'new' }
  | { readonly kind: 'of slot'; readonly slot: number }
  | { readonly kind: 'closed' }
  | { readonly kind: 'unknown' };

export const Password = { Right: 'right', Wrong: 'wrong', Short: 'short', Null: 'null' } as const;
export type Password = (typeof Password)[keyof typeof Password];

export const LastZxid = { None: 'none', Newest: 'newest', Future: 'future' } as const;
export type LastZxid = (typeof LastZxid)[keyof typeof LastZxid];

export interface OpenStep {
  readonly kind: 'open';
  readonly slot: number;
  readonly session: SessionChoice;
  readonly password: Password;
  readonly timeOutMs: number;
  readonly lastZxid: LastZxid;
  readonly readOnly: boolean | null;
  /** Sent in the same segment, before it is known whether there is a session. */
  readonly behind: readonly MadeRequest[];
}

/** All requests in one segment, or in two. */
export interface RequestsStep {
  readonly kind: 'requests';
  readonly slot: number;
  readonly requests: readonly MadeRequest[];
  /** How many bytes go first; the others when the server has had time to look at them. */
  readonly cut?: number;
}

/** Bytes that are no good frame: the server must close the connection. */
export interface RawStep {
  readonly kind: 'raw';
  readonly slot: number;
  /** Instead of a handshake, on a connection of its own. */
  readonly isFirst: boolean;
  readonly bytes: Buffer;
  readonly text: string;
}

/** The client's end goes without a word; the session stays. */
export interface DropStep {
  readonly kind: 'drop';
  readonly slot: number;
}

export type Step = OpenStep | RequestsStep | RawStep | DropStep;

export const NEW_SESSION: Omit<OpenStep, 'slot'> = {
  kind: 'open',
  session: { kind: 'new' },
  password: Password.Null,
  timeOutMs: 120_000,
  lastZxid: LastZxid.None,
  readOnly: false,
  behind: [],
};

export function stepText(step: Step): string {
  switch (step.kind) {
    case 'open': {
      const whose =
        step.session.kind === 'of slot' ? `session of #${step.session.slot}` : `${step.session.kind} session`;
      const how = `password=${step.password} timeOut=${step.timeOutMs} lastZxid=${step.lastZxid} ro=${step.readOnly}`;
      const behind = step.behind.map((made) => `\n   + #${step.slot} ${made.text} xid=${made.xid}`).join('');
      return `#${step.slot} open: ${whose} ${how}${behind}`;
    }
    case 'requests':
      return step.requests.map((made) => `#${step.slot} ${made.text} xid=${made.xid}`).join('\n   + ');
    case 'raw':
      return `#${step.slot} ${step.isFirst ? 'instead of a handshake' : 'raw'}: ${step.text}`;
    case 'drop':
      return `#${step.slot} drop`;
  }
}
