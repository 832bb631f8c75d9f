/**
 * Answers the four-letter words that clients send in place of a session: gathers what the word shows, makes the text, and hands it
 * back to the connection's shard in pieces, as fast as the client takes them.
 *
 * Lives on the main thread and is loaded with the first word. A client that does not read holds its own answer and nothing else,
 * and is cut off when it has taken nothing for a while.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../actor/logger.js';
import { SystemClock } from '../actor/system-clock.js';
import { assert } from '../base/assert.js';
import { javaSocketAddress } from '../base/java-address.js';
import { GONE } from '../net/shard-control.js';
import { describeEnvironment } from './environment.js';
import {
  answer,
  type FourLetterAnswer,
  FourLetterWhitelist,
  knownWordsLine,
  type Need,
  needs,
  recogniseNumber,
} from './four-letter-words.js';
import type { ServerConfig } from './server-config.js';
import type { LiveStatus } from './status/live-status.js';
import type { ServerStatus } from './status/server-status.js';
import { TurnSharing } from './status/turn-sharing.js';

/** Of text that is handed over at once: its shard copies so much in some microseconds. */
const PIECE_CHARS = 16_384;
/** What waits for the client in its socket while more is held back. */
const QUEUED_BYTES_MAX = 1 << 18;
const QUEUE_POLL_MS = 10;
/** A client that takes nothing for so long is cut off. */
const STUCK_MS = 15_000;

/** A word that a shard has read. */
export interface AskedWord {
  readonly shard: number;
  readonly connection: number;
  /** Address and port. */
  readonly client: string;
  /** Its four bytes. */
  readonly number: number;
  readonly payload: Uint8Array;
}

export class WordAnswers {
  private readonly status: LiveStatus;
  private readonly log: Logger;
  private readonly whitelist: FourLetterWhitelist;
  private readonly clock = new SystemClock();
  private isWhitelistLogged = false;

  constructor(config: ServerConfig, status: LiveStatus, log: Logger) {
    this.status = status;
    this.log = log;
    this.whitelist = new FourLetterWhitelist(config.fourLetterWhitelist, config.readOnlyModeEnabled);
  }

  async answer(asked: AskedWord): Promise<void> {
    const { status, log, whitelist } = this;
    const word = recogniseNumber(asked.number);
    assert(word !== null, 'a shard passes on known words only');
    if (!this.isWhitelistLogged) {
      this.isWhitelistLogged = true;
      log.info(knownWordsLine());
      log.info(whitelist.logLine());
    }
    const isEnabled = word === 'telnet close' || whitelist.allows(word);
    if (isEnabled) log.info(`Processing ${word} command from ${javaPeer(asked.client)}`);
    const need = isEnabled && status.mode() !== null ? needs(word) : 'nothing';
    const { text, effect } = answer(word, whitelist, await this.gathered(need), asked.payload);
    switch (effect.kind) {
      case 'set-trace-mask':
        status.traceMask = effect.mask;
        break;
      case 'reset-server-statistics':
        await status.resetStatistics();
        break;
      case 'reset-connection-statistics':
        await status.resetConnectionStatistics();
        break;
      case 'none':
        break;
    }
    await this.send(asked, text ?? '');
  }

  /** The connection ends without an answer. */
  async drop({ shard, connection }: AskedWord): Promise<void> {
    await this.status.shardQuestions.askShard(shard, { kind: 'drop-word', connection });
  }

  private async gathered(need: Need): Promise<ServerStatus> {
    const { status } = this;
    const isDump = need === 'sessions';
    return {
      ...status.figures(),
      connections: need === 'connections' || isDump ? await status.connections() : [],
      digests: need === 'digests' ? await status.digests() : [],
      settings: await status.settings(need === 'settings'),
      directories: status.directories(need === 'directories' || need === 'settings'),
      environment: describeEnvironment(),
      sessions: isDump ? await status.sessions() : null,
      ephemerals: isDump ? await status.ephemerals() : new Map(),
      watchCounts: need === 'watch-counts' ? await status.watchCounts() : { connections: 0, paths: 0, watches: 0 },
      watches: need === 'watches' ? await status.watches() : new Map(),
      watchesByPath: need === 'watches-by-path' ? await status.watchesByPath() : new Map(),
      monitor: need === 'monitor' ? await status.monitorText() : null,
    };
  }

  private async send(asked: AskedWord, text: NonNullable<FourLetterAnswer['text']>): Promise<void> {
    if (typeof text === 'string') {
      await this.hand(asked, text, true);
      return;
    }
    const turns = new TurnSharing(this.clock);
    let piece = '';
    for (const part of text) {
      piece += part;
      // Nothing to say yet, but work was done.
      if (part === '' && turns.isDue) await turns.pause();
      if (piece.length < PIECE_CHARS) continue;
      if (!(await this.hand(asked, piece, false))) return;
      piece = '';
      if (turns.isDue) await turns.pause();
    }
    await this.hand(asked, piece, true);
  }

  /** False: the client is gone. Waits until it has taken most of it. */
  private async hand({ shard, connection }: AskedWord, text: string, isLast: boolean): Promise<boolean> {
    const shards = this.status.shardQuestions;
    const put = (part: string): Promise<unknown> =>
      shards.askShard(shard, { kind: 'answer-word', connection, text: part, isLast });
    let queued = (await put(text)) as number;
    if (isLast) return false;
    let stuckMs = this.clock.monotonicMs() + STUCK_MS;
    while (queued > QUEUED_BYTES_MAX) {
      await delay(QUEUE_POLL_MS);
      const left = (await put('')) as number;
      if (left < queued) stuckMs = this.clock.monotonicMs() + STUCK_MS;
      queued = left;
      if (this.clock.monotonicMs() < stuckMs) continue;
      await shards.askShard(shard, { kind: 'drop-word', connection });
      return false;
    }
    return queued !== GONE;
  }
}

/** A shard says `/address:port` as the system spells the address. */
function javaPeer(client: string): string {
  const colon = client.lastIndexOf(':');
  return javaSocketAddress(client.slice(1, colon), Number(client.slice(colon + 1)));
}
