// What `top` shows, asked from a server's admin port by three commands: `pipeline`, `figures`, `slow_requests`. Three questions at once and no others, so a
// look costs the server what the page in the browser costs it. A server that does not answer in time is an error with a sentence.
// Main thread of the tool; keeps the answer before, for what happened in between.

import { type PipelineFigures, type PipelineRates, ratesBetween } from '../../page/pipeline-figures.js';
import { figuresBetween, type ServerFigures } from '../../page/server-figures.js';

const DEADLINE_MS = 5000;

export type Named = Readonly<Record<string, unknown>>;

export interface Look {
  readonly atMs: number;
  /** By name, as in server-figures.ts. */
  readonly named: Named;
  readonly figures: PipelineFigures;
  /** The oldest first. */
  readonly slow: readonly Named[];
  /** Since the look before; since the start where there was none. */
  readonly rates: PipelineRates;
  /** The look before, if what it counted has gone on. */
  readonly before: Look | null;
}

export class AdminFigures {
  readonly url: string;
  private last: Look | null = null;
  private lastFigures: ServerFigures | null = null;

  /** Where the commands are: `http://host:port/commands`. */
  constructor(url: string) {
    this.url = url;
  }

  /** `signal`: nobody wants to know any more; it rejects then. */
  async look(signal?: AbortSignal): Promise<Look> {
    const [answer, pipeline, slow] = await Promise.all([
      this.ask('figures', signal),
      this.ask('pipeline', signal),
      this.ask('slow_requests', signal),
    ]);
    const figures = pipeline as unknown as PipelineFigures;
    const goesOn = this.last !== null && this.last.figures.uptime_ms < figures.uptime_ms;
    const before = goesOn ? this.last : null;
    this.lastFigures = figuresBetween(goesOn ? this.lastFigures : null, answer);
    const look: Look = {
      atMs: figures.taken_ms,
      named: this.lastFigures.named,
      figures,
      slow: Array.isArray(slow.requests) ? (slow.requests as readonly Named[]) : [],
      rates: ratesBetween(before?.figures ?? null, figures),
      before: before === null ? null : { ...before, before: null },
    };
    this.last = look;
    return look;
  }

  /** What the next look is not to be compared with. */
  forget(): void {
    this.last = null;
  }

  private async ask(command: string, signal?: AbortSignal): Promise<Named> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const either = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    const response = await fetch(`${this.url}/${command}`, { signal: either }).catch((error: Error) => {
      throw new Error(`${this.url} does not answer: ${reasonOf(error)}`);
    });
    const text = await response.text();
    const answer = objectIn(text);
    const isPipeline = command !== 'pipeline' || Array.isArray(answer?.actors);
    if (!response.ok || answer === null || !isPipeline) {
      throw new Error(`${this.url} has no command ${command}: is this the admin port of a Threadkeeper server?`);
    }
    return answer;
  }
}

function objectIn(text: string): Named | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Named) : null;
  } catch {
    return null;
  }
}

function reasonOf(error: Error): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return (
    cause?.code ?? cause?.message ?? (error.name === 'TimeoutError' ? `nothing in ${DEADLINE_MS} ms` : error.message)
  );
}
