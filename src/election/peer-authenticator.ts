/**
 * The seam for quorum SASL (ensemble-protocol 3.5, 10.1): what stands between a HELLO and the first frame on an election
 * connection, and at the very beginning of a quorum connection. Who makes connections asks for an exchange and carries its bytes;
 * what they mean is the authenticator's business (`peer/`). An exchange belongs to one connection, and never calls back.
 *
 *   connecting   start() -> bytes to send; feed(what came) -> ... until the outcome is not 'more'
 *   accepting    feed(what came) -> ...; bytes that are not of an exchange at all are not consumed: they are frames already
 */

/** more: bytes are missing. tolerated: not authenticated, and used all the same. refused: to be closed, behind what is to be sent. */
export type PeerAuthOutcome = 'more' | 'authenticated' | 'tolerated' | 'refused';

export interface PeerAuthExchange {
  /** What goes out first; null if the other side begins. Once. */
  start(): Uint8Array | null;
  /** The bytes are valid during the call only. After an outcome other than 'more' it is not called again. */
  feed(bytes: Uint8Array, offset: number, length: number): PeerAuthOutcome;
  /**
   * The other side has closed, or says nothing for long: what its silence means. 'more' is no answer to this. If it goes on, it may be
   * fed on behind a 'refused'.
   */
  ended(): PeerAuthOutcome;
  /** Of the bytes last fed, how many are the exchange's; what is behind them comes after it. */
  readonly consumed: number;
  /** What is to be sent now, after `feed`, whatever its outcome; null: nothing. */
  readonly reply: Uint8Array | null;
  /** Why it was refused or only tolerated: one clear sentence. */
  readonly reason: string;
}

export interface PeerAuthenticator {
  /** Null: nothing is said. `host` is the one that was dialled. */
  asConnecting(sid: number, host: string): PeerAuthExchange | null;
  /** Null: nothing is expected. */
  asAccepting(remoteAddress: string): PeerAuthExchange | null;
}

/** quorum.auth.enableSasl=false. */
export const noPeerAuthentication: PeerAuthenticator = {
  asConnecting: () => null,
  asAccepting: () => null,
};
