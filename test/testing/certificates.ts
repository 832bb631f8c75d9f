/**
 * Certificates for tests, made when they are needed by the openssl program: an authority, and whom it vouches for. Keys
 * are for the day and live in a temporary directory. Elliptic curves, because making them costs nothing.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireTool } from './run-tool.js';
import { makeTempDir, type TempDir } from './temp-dir.js';

const OPENSSL = '/usr/bin/openssl';

export interface Certified {
  readonly name: string;
  /** Paths of PEM files. */
  readonly keyFile: string;
  readonly certFile: string;
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  /** As openssl takes it: `/C=DE/O=Te, st/CN=client one`. */
  readonly subject?: string;
  /** Such as `DNS:localhost,IP:127.0.0.1`. */
  readonly altNames?: string;
  readonly kind?: 'ec' | 'rsa';
}

export function openssl(args: readonly string[], input = ''): Buffer {
  requireTool(OPENSSL, 'openssl');
  return execFileSync(OPENSSL, args, { input, stdio: ['pipe', 'pipe', 'pipe'], timeout: 30_000 });
}

/** An authority in a directory of its own, which goes with `remove`. */
export class CertificateAuthority {
  readonly dir: TempDir = makeTempDir('certificates');
  readonly own: Certified;

  constructor(name = 'authority') {
    this.own = this.generate(name, { subject: `/CN=${name}` });
    const { keyFile, certFile } = this.own;
    const extension = 'basicConstraints=critical,CA:true';
    openssl([
      'req',
      '-x509',
      '-key',
      keyFile,
      '-out',
      certFile,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-addext',
      extension,
    ]);
    this.own = { ...this.own, cert: readFileSync(certFile, 'utf8') };
  }

  path(file: string): string {
    return join(this.dir.path, file);
  }

  /** A key, and a certificate for it that this authority has signed. */
  issue(name: string, options: CertificateOptions = {}): Certified {
    const made = this.generate(name, options);
    const request = openssl([
      'req',
      '-new',
      '-key',
      made.keyFile,
      '-utf8',
      '-multivalue-rdn',
      '-subj',
      options.subject ?? `/CN=${name}`,
    ]);
    const extensions = this.path(`${name}.ext`);
    writeFileSync(extensions, `subjectAltName=${options.altNames ?? 'DNS:localhost,IP:127.0.0.1'}\n`);
    const { keyFile: caKey, certFile: caCert } = this.own;
    const sign = ['x509', '-req', '-CA', caCert, '-CAkey', caKey, '-days', '2', '-extfile', extensions];
    openssl([...sign, '-out', made.certFile], request.toString('latin1'));
    return { ...made, cert: readFileSync(made.certFile, 'utf8') };
  }

  /** One PEM file with a key and its chain, as a key store. */
  keyStore(of: Certified, file = `${of.name}.store.pem`): string {
    writeFileSync(this.path(file), of.key + of.cert);
    return this.path(file);
  }

  remove(): void {
    this.dir.remove();
  }

  private generate(name: string, { kind = 'ec' }: CertificateOptions): Certified {
    const keyFile = this.path(`${name}.key.pem`);
    const certFile = this.path(`${name}.cert.pem`);
    const algorithm =
      kind === 'ec' ? ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'];
    openssl(['genpkey', '-algorithm', ...algorithm, '-out', keyFile]);
    return { name, keyFile, certFile, key: readFileSync(keyFile, 'utf8'), cert: '' };
  }
}
