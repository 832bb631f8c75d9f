/**
 * SASL between servers: the keys quorum.auth.* and the sections of the login configuration that they name, read into plain data
 * (ensemble-protocol 10.1). Used on the main thread, once, while a member of an ensemble starts. That the switches fit together has
 * been checked before. What comes out is secret: no value of it stands in any message.
 */
import { canCompute } from '../net/auth/digest-algorithm.js';
import type { QuorumSaslOptions } from '../peer/quorum-sasl.js';
import { DIGEST_LOGIN_MODULE, readJaasFile, USER_OPTION_PREFIX } from './auth-config.js';
import type { JaasModule } from './jaas-file.js';
import type { Settings } from './settings.js';
import { AuthSetupError } from './start-error.js';

const SERVER_SECTION = 'quorum.auth.server.saslLoginContext';
const LEARNER_SECTION = 'quorum.auth.learner.saslLoginContext';

/** Null: servers do not authenticate each other. */
export function readQuorumSaslOptions(settings: Settings): QuorumSaslOptions | null {
  if (!settings.strictBool('quorum.auth.enableSasl')) return null;
  if (!canCompute('md5')) {
    throw new AuthSetupError('Servers authenticate each other by DIGEST-MD5, but this runtime refuses MD5');
  }
  const connects = settings.strictBool('quorum.auth.learnerRequireSasl');
  return {
    passwords: passwordsOf(readSection(settings, SERVER_SECTION)),
    credentials: connects ? credentialsOf(readSection(settings, LEARNER_SECTION)) : null,
    isRequired: settings.strictBool('quorum.auth.serverRequireSasl'),
  };
}

interface Section {
  readonly name: string;
  readonly modules: readonly JaasModule[];
}

function readSection(settings: Settings, key: typeof SERVER_SECTION | typeof LEARNER_SECTION): Section {
  const name = settings.strictText(key) ?? '';
  const file = settings.text('java.security.auth.login.config');
  if (file === '') {
    throw new AuthSetupError(
      'quorum.auth.enableSasl is true, but java.security.auth.login.config names no login configuration',
    );
  }
  const modules = readJaasFile(file, name, settings.properties).get(name);
  if (modules === undefined || modules.length === 0) {
    throw new AuthSetupError(`No JAAS configuration section named '${name}' (${key}) was found in '${file}'.`);
  }
  for (const { className } of modules) {
    if (className === DIGEST_LOGIN_MODULE) continue;
    const why = className.includes('Krb5') ? 'Kerberos (GSSAPI) is not supported' : 'it is unknown';
    throw new AuthSetupError(
      `No LoginModule found for ${className} in section ${name}: ${why}; between servers there is ${DIGEST_LOGIN_MODULE} only`,
    );
  }
  return { name, modules };
}

function passwordsOf({ name, modules }: Section): ReadonlyMap<string, string> {
  const passwords = new Map<string, string>();
  for (const { options } of modules) {
    for (const [key, value] of options) {
      if (key.startsWith(USER_OPTION_PREFIX)) passwords.set(key.slice(USER_OPTION_PREFIX.length), value);
    }
  }
  if (passwords.size > 0) return passwords;
  throw new AuthSetupError(
    `Section ${name} of the login configuration has no ${USER_OPTION_PREFIX}<name>="<password>"`,
  );
}

function credentialsOf({ name, modules }: Section): NonNullable<QuorumSaslOptions['credentials']> {
  for (const { options } of modules) {
    const username = options.get('username');
    const password = options.get('password');
    if (username !== undefined && password !== undefined) return { username, password };
  }
  throw new AuthSetupError(`Section ${name} of the login configuration has no username and password`);
}
