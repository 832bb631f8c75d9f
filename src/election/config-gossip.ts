/**
 * The members that peers tell with their notifications (ensemble-protocol 4.5): which of these texts is news. Most are the one that was
 * read last, so that one is kept as it was read. Pure; owned by the election.
 */
import { isNewerConfig } from './config-pair.js';
import { QuorumConfigError } from './member-text.js';
import { parseQuorumConfigText } from './quorum-config-text.js';
import type { QuorumVerifier } from './quorum-verifier.js';

export class ConfigGossip {
  private readonly onUnreadable: (sid: number, reason: string) => void;
  private lastText: string | null = null;
  private lastConfig: QuorumVerifier | null = null; // null: unreadable
  /** The newest that was told on. */
  private told: QuorumVerifier | null = null;

  /** `onUnreadable`: that server's text makes no sense; once for each text, while no other one comes. */
  constructor(onUnreadable: (sid: number, reason: string) => void) {
    this.onUnreadable = onUnreadable;
  }

  /** What the text says, if it is newer than the committed configuration and than everything before that was news. */
  takeNews(sid: number, text: string, committed: QuorumVerifier): QuorumVerifier | null {
    const config = this.read(sid, text);
    if (config === null || !isNewerConfig(config, committed)) return null;
    if (this.told !== null && !isNewerConfig(config, this.told)) return null;
    this.told = config;
    return config;
  }

  /** The quorum peer has taken what it was told. */
  forget(): void {
    this.told = null;
  }

  private read(sid: number, text: string): QuorumVerifier | null {
    if (text === this.lastText) return this.lastConfig;
    this.lastText = text;
    this.lastConfig = null;
    try {
      this.lastConfig = parseQuorumConfigText(text);
    } catch (error) {
      if (!(error instanceof QuorumConfigError)) throw error;
      this.onUnreadable(sid, error.message);
    }
    return this.lastConfig;
  }
}
