// Port of the client: one side of one SASL conversation. The mechanism makes tokens out of tokens; ClientCnxn carries
// them. A conversation belongs to one connection and is made anew for the next one. No mechanism may touch a socket or a
// clock; chance (a nonce) is given to it.

export interface SaslMechanism {
  /** The client's first token, which may be empty. */
  firstToken(): Uint8Array;
  /**
   * Answers the server's token. null: the conversation is over, and both sides are who they say. Throws SaslError when
   * the token makes no sense or the server does not prove that it knows the secret.
   */
  onToken(token: Uint8Array): Uint8Array | null;
}

export type CreateSaslMechanism = () => SaslMechanism;

/** The server said something that this side of the conversation cannot accept. */
export class SaslError extends Error {
  override readonly name = 'SaslError';
}
