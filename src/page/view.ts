// What a view of the page is: an element, what it is shown every second while the page lives, and what it asks for by itself while
// it is looked at. In the browser; main.ts owns them all.
// Views keep no timers: they are told.

import type { History } from './history.js';
import type { PipelineRates } from './pipeline-figures.js';

export interface Moment {
  readonly history: History;
  /** Null: the server did not answer. */
  readonly pipeline: PipelineRates | null;
}

export interface View {
  readonly name: string;
  readonly title: string;
  readonly element: HTMLElement;
  /** Each second; `isVisible`: it is the one looked at. */
  show(moment: Moment, isVisible: boolean): void;
  /** The rest of the address behind its name, when it is opened by it. */
  open?(place: string): void;
}
