/**
 * A login configuration with SASL users, and how both kinds of server and Java's own tools are told of it: as a property, which
 * the JVM takes from one variable and our server from another.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PROVIDERS = 'org.apache.zookeeper.server.auth.';

/** Lines of zoo.cfg without which ACLs of the scheme are not valid. */
export const SASL_PROVIDER: Readonly<Record<string, string>> = {
  'authProvider.sasl': `${PROVIDERS}SASLAuthenticationProvider`,
};

export const SASL_USERS: readonly (readonly [string, string])[] = [
  ['bob', 'bobsecret'],
  ['ann', 'ann"s \\secret'],
  ['super', 'adminsecret'],
];

/** Writes the file and returns its path; a client that uses it is bob. */
export function writeJaasFile(directory: string, clientPassword = 'bobsecret'): string {
  const path = join(directory, 'jaas.conf');
  const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const users = SASL_USERS.map(([user, password]) => `user_${user}=${quoted(password)}`).join('\n  ');
  const client = `username="bob" password=${quoted(clientPassword)}`;
  writeFileSync(
    path,
    `Server {\n  ${PROVIDERS}DigestLoginModule required\n  ${users};\n};\n` +
      `Client {\n  ${PROVIDERS}DigestLoginModule required\n  ${client};\n};\n`,
  );
  return path;
}

export function jaasEnvironment(path: string): Readonly<Record<string, string>> {
  const option = `-Djava.security.auth.login.config=${path}`;
  return { SERVER_JVMFLAGS: option, JAVA_TOOL_OPTIONS: option };
}
