/**
 * Reads the settings of authentication (operations 1.8; client-protocol 6.6, 6.7, 10.1) into the plain data that every thread
 * goes by. Main thread, once, while the server starts. Here Java's class names and its login configuration end; a mistake that
 * would leave the server open, or shut to everybody, keeps it from starting, with ZooKeeper's sentence.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../actor/logger.js';
import type { AuthOptions, SaslOptions } from '../net/auth/auth-options.js';
import { canCompute, digestAlgorithm } from '../net/auth/digest-algorithm.js';
import { SCHEME_NAMES, type SchemeName } from '../processor/auth/acl-schemes.js';
import { type JaasSections, parseJaasFile } from './jaas-file.js';
import type { Settings } from './settings.js';
import { AuthSetupError, EnforcedAuthError } from './start-error.js';

const PROVIDER_PREFIX = 'zookeeper.authProvider.';
const SUPER_USER_PROPERTY = 'zookeeper.superUser';
const PROVIDER_PACKAGE = 'org.apache.zookeeper.server.auth.';
export const DIGEST_LOGIN_MODULE = `${PROVIDER_PACKAGE}DigestLoginModule`;
export const USER_OPTION_PREFIX = 'user_';
/** The SASL user whose password may be given apart from the others'. */
const SUPER_USER = 'super';

const SCHEME_OF_CLASS: ReadonlyMap<string, SchemeName> = new Map([
  [`${PROVIDER_PACKAGE}IPAuthenticationProvider`, 'ip'],
  [`${PROVIDER_PACKAGE}DigestAuthenticationProvider`, 'digest'],
  [`${PROVIDER_PACKAGE}SASLAuthenticationProvider`, 'sasl'],
  [`${PROVIDER_PACKAGE}X509AuthenticationProvider`, 'x509'],
  [`${PROVIDER_PACKAGE}EnsembleAuthenticationProvider`, 'ensemble'],
]);

export function readAuthOptions(settings: Settings, log: Logger): AuthOptions {
  const schemes = readSchemes(settings, log);
  const ensembleNames = settings.text('ensembleAuthName');
  return {
    schemes,
    digestAlgorithm: readDigestAlgorithm(settings),
    superDigest: settings.text('DigestAuthenticationProvider.superDigest') || null,
    anySaslUserId: settings.text('letAnySaslUserDoX') || null,
    x509SuperUser: settings.text('X509AuthenticationProvider.superUser') || null,
    ensembleNames: ensembleNames === '' ? null : ensembleNames.split(',').map((name) => name.trim()),
    sasl: readSaslOptions(settings),
    allowSaslFailedClients: settings.lenientBool('allowSaslFailedClients'),
    enforcedSchemes: readEnforcedSchemes(settings, schemes),
  };
}

function readSchemes(settings: Settings, log: Logger): readonly SchemeName[] {
  const schemes = new Set<SchemeName>(['ip']);
  if (settings.lenientBool('DigestAuthenticationProvider.enabled')) schemes.add('digest');
  for (const [property, className] of settings.properties) {
    if (!property.startsWith(PROVIDER_PREFIX)) continue;
    const scheme = SCHEME_OF_CLASS.get(className);
    // The reference goes on as well: ids of that scheme are then invalid, which shuts people out and lets nobody in.
    if (scheme === undefined)
      log.warn(`Problems loading ${className}: this server has no such authentication provider`);
    else schemes.add(scheme);
  }
  const servesTls = settings.strictInt('secureClientPort') !== 0 || settings.lenientBool('client.portUnification');
  if (servesTls) schemes.add('x509');
  return SCHEME_NAMES.filter((name) => schemes.has(name));
}

/** Asked for even where the digest scheme is switched off: a name that means nothing is a mistake. */
function readDigestAlgorithm(settings: Settings): string {
  const javaName = settings.text('DigestAuthenticationProvider.digestAlg');
  const algorithm = digestAlgorithm(javaName);
  if (algorithm !== null) return algorithm;
  throw new AuthSetupError(`don't support this ACL digest algorithm: ${javaName} in the current environment`);
}

function readEnforcedSchemes(settings: Settings, available: readonly SchemeName[]): readonly string[] {
  const enforced = enforcedSchemes(settings);
  for (const scheme of enforced) {
    if ((available as readonly string[]).includes(scheme)) continue;
    throw new EnforcedAuthError(`Authentication scheme ${scheme} is not available.`);
  }
  return enforced;
}

function enforcedSchemes(settings: Settings): readonly string[] {
  if (settings.lenientBool('sessionRequireClientSASLAuth')) return ['sasl'];
  if (!settings.lenientBool('enforce.auth.enabled')) return [];
  const list = settings.text('enforce.auth.schemes');
  // As Java splits: a comma at the end promises nothing.
  if (list !== '')
    return list
      .replace(/,+$/, '')
      .split(',')
      .map((scheme) => scheme.trim());
  throw new EnforcedAuthError(
    'zookeeper.enforce.auth.enabled is true zookeeper.enforce.auth.schemes must be  configured.',
  );
}

/** Null: there is no section for this server, so nobody logs in by SASL. */
function readSaslOptions(settings: Settings): SaslOptions | null {
  const file = settings.text('java.security.auth.login.config');
  const section = settings.text('sasl.serverconfig');
  if (file === '') return null;
  const modules = readJaasFile(file, section, settings.properties).get(section);
  if (modules === undefined || modules.length === 0) return null;
  const passwords = new Map<string, string>();
  for (const { className, options } of modules) {
    if (className !== DIGEST_LOGIN_MODULE) throw unknownLoginModule(className, section);
    for (const [key, value] of options) {
      if (key.startsWith(USER_OPTION_PREFIX)) passwords.set(key.slice(USER_OPTION_PREFIX.length), value);
    }
  }
  if (!canCompute('md5')) throw new AuthSetupError('SASL users log in by DIGEST-MD5, but this runtime refuses MD5');
  const superPassword = settings.text('SASLAuthenticationProvider.superPassword');
  if (superPassword !== '' && passwords.has(SUPER_USER)) passwords.set(SUPER_USER, superPassword);
  const superUsers = [...settings.properties]
    .filter(([property]) => property === SUPER_USER_PROPERTY || property.startsWith(`${SUPER_USER_PROPERTY}.`))
    .map(([, user]) => user);
  return { passwords, superUsers };
}

/** A name or a file: URL; Java's `==` in front, which replaces other files, has nothing to replace here. */
export function readJaasFile(name: string, section: string, properties: ReadonlyMap<string, string>): JaasSections {
  const bare = name.startsWith('=') ? name.slice(1) : name;
  try {
    const path = bare.startsWith('file:') ? fileURLToPath(bare) : bare;
    return parseJaasFile(readFileSync(path, 'utf8'), properties);
  } catch (error) {
    throw new AuthSetupError(`No JAAS configuration section named '${section}' was found in '${bare}'.`, {
      cause: error,
    });
  }
}

function unknownLoginModule(className: string, section: string): AuthSetupError {
  const kerberos = className.includes('Krb5') ? 'Kerberos (GSSAPI) is not supported' : 'it is unknown';
  return new AuthSetupError(
    'Could not configure server because SASL configuration did not allow the  ZooKeeper server to authenticate itself ' +
      `properly: No LoginModule found for ${className} in section ${section}: ${kerberos}; this server has ` +
      `${DIGEST_LOGIN_MODULE} only`,
  );
}
