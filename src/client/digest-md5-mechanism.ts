/**
 * The client's side of SASL DIGEST-MD5 with ZooKeeper's fixed names, as the port of the client wants it. One object per connection;
 * what is computed and said is protocol/sasl's, which servers use among themselves, too. Puts no secret into a message or error.
 */
import { DIGEST_URI, type Md5 } from '../protocol/sasl/digest-md5.js';
import {
  type DigestMd5Credentials,
  DigestMd5Error,
  DigestMd5Initiator,
} from '../protocol/sasl/digest-md5-initiator.js';
import { SaslError, type SaslMechanism } from './sasl-mechanism.js';

export type SaslCredentials = DigestMd5Credentials;

export class DigestMd5Mechanism implements SaslMechanism {
  private readonly initiator: DigestMd5Initiator;

  /** The cnonce: printable ASCII without quotes, never the same twice. */
  constructor(credentials: SaslCredentials, cnonce: string, md5: Md5) {
    const names = { digestUri: DIGEST_URI, namesAuthorized: false };
    this.initiator = new DigestMd5Initiator(credentials, names, cnonce, md5);
  }

  firstToken(): Uint8Array {
    return new Uint8Array(0);
  }

  onToken(token: Uint8Array): Uint8Array | null {
    try {
      return this.initiator.onToken(token);
    } catch (error) {
      if (error instanceof DigestMd5Error) throw new SaslError(error.message, { cause: error });
      throw error;
    }
  }
}
