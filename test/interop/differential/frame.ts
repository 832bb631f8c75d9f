// One thing that a connection showed: a frame, or its end. `text` has every field of it, and two frames are equal when
// their texts are; the other fields are there for the table of allowed differences.

import type { MadeRequest } from './step.js';

export type Frame =
  | {
      readonly kind: 'reply';
      readonly text: string;
      readonly request: MadeRequest;
      readonly zxid: bigint;
      readonly err: number;
      /** Of all that stands behind the header. */
      readonly bodyText: string;
    }
  | {
      readonly kind: 'event';
      readonly text: string;
      readonly zxid: bigint;
      readonly type: number;
      readonly path: string;
      readonly fieldsText: string;
    }
  | { readonly kind: 'grant'; readonly text: string; readonly granted: boolean }
  /** A frame that nobody asked for. */
  | { readonly kind: 'stray'; readonly text: string }
  | { readonly kind: 'closed'; readonly text: string }
  /** Nothing came where something was due. */
  | { readonly kind: 'silence'; readonly text: string };

export const CLOSED: Frame = { kind: 'closed', text: 'closed' };
