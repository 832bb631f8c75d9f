// Who may log in, as the variables of Bitnami's image say it: users of clients (ZOO_ENABLE_AUTH) and of the members themselves
// (ZOO_ENABLE_QUORUM_AUTH), made into a login configuration and the lines of zoo.cfg that go by it. Pure. What comes out is secret:
// it is written to one file that is the server's alone, and no value of a variable stands in any message.

import { type ContainerEnvironment, ContainerError } from './container-environment.js';

export interface ContainerLogin {
  /** Of zoo.cfg. */
  readonly lines: readonly string[];
  /** The whole of the login configuration; secret. Null: nobody logs in. */
  readonly jaas: string | null;
}

interface User {
  readonly name: string;
  readonly password: string;
}

const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule';
const PROVIDER = 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider';
const SEPARATORS = /[\s,;]+/;
/** In a login configuration a name is part of a bare word. */
const NAME = /^[\w.-]+$/;

/** `path`: where the login configuration will lie. */
export function containerLogin(env: ContainerEnvironment, path: string): ContainerLogin {
  const ofClients = env.isOn('ZOO_ENABLE_AUTH');
  const ofMembers = env.isOn('ZOO_ENABLE_QUORUM_AUTH');
  const mayBeAnonymous = env.get('ALLOW_ANONYMOUS_LOGIN') === undefined ? null : env.isOn('ALLOW_ANONYMOUS_LOGIN');
  if (!ofClients && mayBeAnonymous === false) {
    throw new ContainerError(
      'ALLOW_ANONYMOUS_LOGIN is off, but ZOO_ENABLE_AUTH, which lets anybody else in, is not on',
    );
  }
  if (!ofClients && !ofMembers) return { lines: [], jaas: null };
  const sections: string[] = [];
  const lines = [`java.security.auth.login.config=${path}`];
  if (ofClients) {
    lines.push(`authProvider.sasl=${PROVIDER}`);
    if (mayBeAnonymous !== true) lines.push('sessionRequireClientSASLAuth=true');
    sections.push(...oneUser('Client', env, 'ZOO_CLIENT_USER', 'ZOO_CLIENT_PASSWORD'));
    sections.push(section('Server', usersOf(env, 'ZOO_SERVER_USERS', 'ZOO_SERVER_PASSWORDS')));
  }
  if (ofMembers) {
    for (const key of ['enableSasl', 'learnerRequireSasl', 'serverRequireSasl']) lines.push(`quorum.auth.${key}=true`);
    const learner = oneUser('QuorumLearner', env, 'ZOO_QUORUM_LEARNER_USER', 'ZOO_QUORUM_LEARNER_PASSWORD');
    if (learner.length === 0)
      throw new ContainerError('ZOO_ENABLE_QUORUM_AUTH is on, but ZOO_QUORUM_LEARNER_USER is not set');
    sections.push(...learner);
    sections.push(section('QuorumServer', usersOf(env, 'ZOO_QUORUM_SERVER_USERS', 'ZOO_QUORUM_SERVER_PASSWORDS')));
  }
  return { lines, jaas: sections.join('') };
}

/** Empty: there is no such user. */
function oneUser(name: string, env: ContainerEnvironment, userVariable: string, passwordVariable: string): string[] {
  const user = env.get(userVariable);
  const password = env.get(passwordVariable);
  if (user === undefined && password === undefined) return [];
  if (user === undefined) throw new ContainerError(`${passwordVariable} is set, but ${userVariable} is not`);
  if (password === undefined) throw new ContainerError(`${userVariable} is set, but ${passwordVariable} is not`);
  return [block(name, [`username=${quoted(user, userVariable)}`, `password=${quoted(password, passwordVariable)}`])];
}

function usersOf(env: ContainerEnvironment, namesVariable: string, passwordsVariable: string): readonly User[] {
  const names = env.words(namesVariable, SEPARATORS);
  const passwords = env.words(passwordsVariable, SEPARATORS);
  if (names.length === 0) throw new ContainerError(`${namesVariable} names nobody who may log in`);
  if (names.length !== passwords.length) {
    throw new ContainerError(
      `${namesVariable} has ${names.length} entries and ${passwordsVariable} ${passwords.length}: each user needs a password`,
    );
  }
  return names.map((name, i) => {
    if (!NAME.test(name)) throw new ContainerError(`${namesVariable}: names have letters, digits and _ . - only`);
    return { name, password: quoted(passwords[i] ?? '', passwordsVariable) };
  });
}

function section(name: string, users: readonly User[]): string {
  return block(
    name,
    users.map((user) => `user_${user.name}=${user.password}`),
  );
}

function block(name: string, options: readonly string[]): string {
  return `${name} {\n  ${MODULE} required\n  ${options.join('\n  ')};\n};\n`;
}

function quoted(value: string, variable: string): string {
  // Both Java and this server would put a property there, and there is no way to write it otherwise.
  if (value.includes('${')) throw new ContainerError(`${variable}: a login configuration cannot have \${ in a value`);
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}
