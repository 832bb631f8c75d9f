/**
 * What members of an ensemble need to trust each other, made for one test: stores with certificates, a login configuration, and how
 * both kinds of server are told of them. Goes with its directory.
 */
import { writeFileSync } from 'node:fs';
import { CertificateAuthority } from './certificates.js';
import { jaasEnvironment } from './sasl-users.js';

const DIGEST_MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule';

export type Keys = Readonly<Record<string, string | number>>;

export class EnsembleSecurity {
  readonly authority = new CertificateAuthority('ensemble');
  /** Vouches for nobody whom the members know. */
  readonly stranger = new CertificateAuthority('stranger');

  constructor() {
    this.authority.keyStore(this.authority.issue('member'));
    this.stranger.keyStore(this.stranger.issue('member'));
  }

  /** Where the stores are; which port speaks TLS is said elsewhere. */
  stores(of: CertificateAuthority = this.authority): Keys {
    return {
      'ssl.quorum.keyStore.location': of.path('member.store.pem'),
      'ssl.quorum.trustStore.location': this.authority.own.certFile,
    };
  }

  tls(of: CertificateAuthority = this.authority): Keys {
    return { sslQuorum: 'true', ...this.stores(of) };
  }

  /** One password for all members; `learnerPassword`: the one that is shown by who connects. */
  saslEnvironment(learnerPassword = 'between servers', name = 'jaas.conf'): Readonly<Record<string, string>> {
    const path = this.authority.path(name);
    writeFileSync(
      path,
      `QuorumServer {\n  ${DIGEST_MODULE} required\n  user_member="between servers";\n};\n` +
        `QuorumLearner {\n  ${DIGEST_MODULE} required\n  username="member" password="${learnerPassword}";\n};\n`,
    );
    return jaasEnvironment(path);
  }

  remove(): void {
    this.authority.remove();
    this.stranger.remove();
  }
}

export const SASL_REQUIRED: Keys = {
  'quorum.auth.enableSasl': 'true',
  'quorum.auth.learnerRequireSasl': 'true',
  'quorum.auth.serverRequireSasl': 'true',
};
