/**
 * Who the clients of one connection shard are (client-protocol 5.6, 6.6, 6.7, 10.1): identities at accept, by `auth` and by
 * SASL, and whether a connection may be served at all. On the shard's thread.
 *
 * Identities only ever come to a connection; each request goes by those that were there when it was read. What a client sends
 * as proof is never logged.
 */
import type { Counter } from '../../actor/counters/counter.js';
import type { MetricSet } from '../../actor/counters/metric-set.js';
import type { Logger } from '../../actor/logger.js';
import { hex64 } from '../../base/int64.js';
import { decodeUtf8, encodeUtf8 } from '../../base/utf8.js';
import type { Identity } from '../../processor/acl.js';
import type { SchemeName } from '../../processor/auth/acl-schemes.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { DigestMd5Server } from '../sasl/digest-md5-server.js';
import type { ServerCnxn } from '../server-cnxn.js';
import type { AuthOptions, SaslOptions } from './auth-options.js';
import { digestLogin } from './digest-login.js';

/** So many fresh bytes that nobody can foresee. */
export type RandomBytes = (count: number) => Uint8Array;

/** accepted, refused: AuthFailed, then the end. gone: the client is to try another server, without a word. */
export const LoginOutcome = { accepted: 0, refused: 1, gone: 2 } as const;
export type LoginOutcome = (typeof LoginOutcome)[keyof typeof LoginOutcome];

export interface SaslAnswer {
  /** An error ends the connection. */
  readonly error: number;
  readonly token: Uint8Array | null;
}

const NONCE_BYTES = 30;
const QUOTED_CHARS_MAX = 128;
const NO_TOKEN: SaslAnswer = { error: ErrorCode.Ok, token: null };

export class Authenticator {
  private readonly options: AuthOptions;
  private readonly schemes: ReadonlySet<string>;
  private readonly random: RandomBytes;
  private readonly log: Logger;
  private readonly ensembleSkipped: Counter;
  private readonly ensembleMeant: Counter;
  private readonly ensembleMissed: Counter;

  constructor(options: AuthOptions, random: RandomBytes, log: Logger, metrics: MetricSet) {
    this.options = options;
    this.schemes = new Set<string>(options.schemes);
    this.random = random;
    this.log = log;
    this.ensembleSkipped = metrics.counter('ensemble_auth_skip');
    this.ensembleMeant = metrics.counter('ensemble_auth_success');
    this.ensembleMissed = metrics.counter('ensemble_auth_fail');
  }

  /** What a connection is without having said anything: its address, and what TLS has proved. */
  greet(cnxn: ServerCnxn, address: string): void {
    this.tryAdd(cnxn, [{ scheme: 'ip', id: address }]);
    const proved = cnxn.socket.peerIdentities;
    if (proved.length > 0)
      this.tryAdd(
        cnxn,
        proved.flatMap((identity) => this.withSuper(identity)),
      );
  }

  /** One `auth` request. Null data proves nothing, but some schemes ask for nothing. */
  login(cnxn: ServerCnxn, scheme: string | null, data: Uint8Array | null): LoginOutcome {
    if (scheme === null || !this.schemes.has(scheme)) {
      this.log.warn(`No authentication provider for scheme: ${quoted(scheme)} has ${this.options.schemes.join(' ')}`);
      return LoginOutcome.refused;
    }
    const outcome = this.loginBy(scheme as SchemeName, cnxn, data);
    if (outcome === LoginOutcome.accepted) {
      this.log.info(`Session 0x${sessionOf(cnxn)}: auth success for scheme ${scheme} and address ${cnxn.peer}`);
    } else {
      this.log.warn(`Authentication failed for scheme: ${scheme}`);
    }
    return outcome;
  }

  /** One `sasl` request; a null token counts as an empty one. */
  negotiate(cnxn: ServerCnxn, token: Uint8Array): SaslAnswer {
    const { sasl } = this.options;
    if (sasl === null) return NO_TOKEN;
    cnxn.saslServer ??= new DigestMd5Server(sasl.passwords, Buffer.from(this.random(NONCE_BYTES)).toString('base64'));
    const step = cnxn.saslServer.evaluate(token);
    switch (step.kind) {
      case 'challenge':
        return { error: ErrorCode.Ok, token: encodeUtf8(step.token) };
      case 'done':
        this.log.info(
          `Session 0x${sessionOf(cnxn)}: adding SASL authorization for authorizationID: ${quoted(step.user)}`,
        );
        if (!this.tryAdd(cnxn, saslIdentities(step.user, sasl))) return this.afterSaslFailure();
        return { error: ErrorCode.Ok, token: encodeUtf8(step.token) };
      case 'failed':
        this.log.warn(`Client ${cnxn.peer} failed to SASL authenticate: ${step.reason}`);
        return this.afterSaslFailure();
    }
  }

  /** For the log: why a request of this connection is refused. */
  logUnauthenticated(cnxn: ServerCnxn): void {
    const schemes = cnxn.identities.map(({ scheme }) => scheme).join(', ');
    this.log.error(
      `Client authentication scheme(s) [${schemes}] does not match with any of the expected authentication scheme ` +
        `[${this.options.enforcedSchemes.join(', ')}], closing session.`,
    );
  }

  private loginBy(scheme: SchemeName, cnxn: ServerCnxn, data: Uint8Array | null): LoginOutcome {
    switch (scheme) {
      case 'ip':
        // There since the connection was accepted.
        return LoginOutcome.accepted;
      case 'digest':
        if (data === null) return LoginOutcome.refused;
        return this.tryAdd(cnxn, digestLogin(data, this.options.digestAlgorithm, this.options.superDigest))
          ? LoginOutcome.accepted
          : LoginOutcome.refused;
      case 'x509':
        // The certificate was judged during the TLS handshake; here it can only be told again.
        return cnxn.socket.peerIdentities.length > 0 ? LoginOutcome.accepted : LoginOutcome.refused;
      case 'ensemble':
        return this.isMeant(cnxn, data) ? LoginOutcome.accepted : LoginOutcome.gone;
      case 'sasl':
        // Has an operation of its own.
        return LoginOutcome.refused;
    }
  }

  /** Whether the client wants an ensemble that this server belongs to. */
  private isMeant(cnxn: ServerCnxn, data: Uint8Array | null): boolean {
    const { ensembleNames } = this.options;
    if (data === null || data.length === 0 || ensembleNames === null) {
      this.ensembleSkipped.increment();
      return true;
    }
    const name = decodeUtf8(data, 0, data.length);
    if (ensembleNames.includes(name)) {
      this.ensembleMeant.increment();
      return true;
    }
    this.ensembleMissed.increment();
    this.log.warn(`Unexpected ensemble name: ensemble name: ${quoted(name)} client: ${cnxn.peer}`);
    return false;
  }

  private afterSaslFailure(): SaslAnswer {
    const { allowSaslFailedClients, enforcedSchemes } = this.options;
    if (enforcedSchemes.includes('sasl')) {
      this.log.warn('Closing client connection: this server requires SASL authentication, and it has failed');
      return { error: ErrorCode.SessionClosedRequireSaslAuth, token: null };
    }
    if (allowSaslFailedClients) {
      this.log.warn('Maintaining client connection despite SASL authentication failure.');
      return NO_TOKEN;
    }
    this.log.warn('Closing client connection due to SASL authentication failure.');
    return { error: ErrorCode.AuthFailed, token: null };
  }

  /** What the certificate proves, and what its name makes of its owner (client-protocol 6.6). */
  private withSuper(identity: Identity): readonly Identity[] {
    const isSuper = identity.scheme === 'x509' && identity.id === this.options.x509SuperUser;
    return isSuper ? [{ scheme: 'super', id: identity.id }, identity] : [identity];
  }

  /** False when the connection has too many identities already. */
  private tryAdd(cnxn: ServerCnxn, identities: readonly Identity[]): boolean {
    if (!cnxn.tryAddIdentities(identities)) {
      this.log.warn(`Client ${cnxn.peer} has more identities, or longer ones, than a connection may have`);
      return false;
    }
    const { enforcedSchemes } = this.options;
    cnxn.maySpeak =
      enforcedSchemes.length === 0 || cnxn.identities.some(({ scheme }) => enforcedSchemes.includes(scheme));
    return true;
  }
}

function saslIdentities(user: string, sasl: SaslOptions): readonly Identity[] {
  const identity: Identity = { scheme: 'sasl', id: user };
  return sasl.superUsers.includes(user) ? [identity, { scheme: 'super', id: '' }] : [identity];
}

function sessionOf(cnxn: ServerCnxn): string {
  return hex64(cnxn.sessionHi, cnxn.sessionLo);
}

/** What a client has written, on one line and not too long. */
function quoted(text: string | null): string {
  return text === null ? 'null' : JSON.stringify(text.slice(0, QUOTED_CHARS_MAX));
}
