/**
 * What a key store holds, whatever its format: private keys with their chains, and trusted certificates, all as DER.
 * Readers of a format (JKS, PKCS12, PEM) make these; tls-key-store.ts makes of them what a TLS server is given.
 */
export interface StoredKey {
  /** PrivateKeyInfo. Decrypted when asked for: who wants only trusted certificates need not know the key's password. */
  pkcs8(): Uint8Array;
  /** The key's own certificate first, then those that vouch for it. */
  readonly chain: readonly Uint8Array[];
}

export interface StoreEntries {
  readonly keys: readonly StoredKey[];
  readonly trusted: readonly Uint8Array[];
}

/** A store that cannot be read; the message says why, and whoever knows adds which file it was. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
