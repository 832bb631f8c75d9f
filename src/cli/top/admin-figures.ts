// What `top` shows, asked from a server's admin port by two commands: `pipeline` and `monitor`. Two questions at once and no others, so a
// look costs the server what the page in the browser costs it. A server that does not answer in time is an error with a sentence.
// Main thread of the tool; keeps the answer before, for what happened in between.

import { type PipelineFigures, type PipelineRates, ratesBetween } from '../../page/pipeline-figures.js';

const DEADLINE_MS = 5000;

export type Monitor = Readonly<Record<string, unknown>>;

export interface Look {
  readonly atMs: number;
  readonly monitor: Monitor;
  readonly figures: PipelineFigures;
  /** Since the look before; since the start where there was none. */
  readonly rates: PipelineRates;
  /** The look before, if what it counted has gone on. */
  readonly before: Look | null;
}

export class AdminFigures {
  readonly url: string;
  private last: Look | null = null;

  /** Where the commands are: `http://host:port/commands`. */
  constructor(url: string) {
    this.url = url;
  }

  async look(): Promise<Look> {
    const [monitor, pipeline] = await Promise.all([this.monitor(), this.ask('pipeline')]);
    const figures = pipeline as unknown as PipelineFigures;
    const goesOn = this.last !== null && this.last.figures.uptime_ms < figures.uptime_ms;
    const before = goesOn ? this.last : null;
    const look: Look = {
      atMs: figures.taken_ms,
      monitor,
      figures,
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

  /** A server that serves nobody has no figures, and says so; it has a pipeline. */
  private async monitor(): Promise<Monitor> {
    const answer = await this.ask('monitor');
    return typeof answer.error === 'string' ? { server_state: answer.error } : answer;
  }

  private async ask(command: string): Promise<Monitor> {
    const response = await fetch(`${this.url}/${command}`, { signal: AbortSignal.timeout(DEADLINE_MS) }).catch(
      (error: Error) => {
        throw new Error(`${this.url} does not answer: ${reasonOf(error)}`);
      },
    );
    const text = await response.text();
    const answer = objectIn(text);
    const isPipeline = command !== 'pipeline' || Array.isArray(answer?.actors);
    if (!response.ok || answer === null || !isPipeline) {
      throw new Error(`${this.url} has no command ${command}: is this the admin port of a Threadkeeper server?`);
    }
    return answer;
  }
}

function objectIn(text: string): Monitor | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Monitor) : null;
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
