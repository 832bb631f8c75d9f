// Users from the variables of Bitnami's image: what is written, that a server goes by it, and that nothing of it is told.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/actor/logger.js';
import { containerConfig } from '../../../../src/cli/container/container-config.js';
import { prepareFiles } from '../../../../src/cli/container/container-entrypoint.js';
import { ContainerEnvironment, ContainerError } from '../../../../src/cli/container/container-environment.js';
import { parseJaasFile } from '../../../../src/server/jaas-file.js';
import { loadServerConfig } from '../../../../src/server/server-config.js';
import { makeTempDir, type TempDir } from '../../../testing/temp-dir.js';

const CLIENTS = {
  ZOO_ENABLE_AUTH: 'yes',
  ZOO_CLIENT_USER: 'app',
  ZOO_CLIENT_PASSWORD: 'of "app"\\',
  ZOO_SERVER_USERS: 'app,ops',
  ZOO_SERVER_PASSWORDS_FILE: '/run/secrets/passwords',
};
const MEMBERS = {
  ZOO_ENABLE_QUORUM_AUTH: 'yes',
  ZOO_QUORUM_LEARNER_USER: 'zk',
  ZOO_QUORUM_LEARNER_PASSWORD: 'secret-one',
  ZOO_QUORUM_SERVER_USERS: 'zk',
  ZOO_QUORUM_SERVER_PASSWORDS: 'secret-one',
};
const SERVERS = { ZOO_SERVERS: 'zk1:2888:3888::1,zk2:2888:3888::2,zk3:2888:3888::3', ZOO_SERVER_ID: '2' };

function config(variables: Record<string, string>) {
  return containerConfig(new ContainerEnvironment(variables, () => 'secret-app;secret-ops\n'));
}

function options(variables: Record<string, string>, section: string): Record<string, string> {
  const modules = parseJaasFile(config(variables).login?.text ?? '', new Map()).get(section) ?? [];
  return Object.fromEntries(modules.flatMap((module) => [...module.options]));
}

describe('users of clients', () => {
  it('stand in a login configuration that zoo.cfg names', () => {
    expect(options(CLIENTS, 'Server')).toEqual({ user_app: 'secret-app', user_ops: 'secret-ops' });
    expect(options(CLIENTS, 'Client')).toEqual({ username: 'app', password: 'of "app"\\' });
    const made = config(CLIENTS);
    expect(made.login?.path).toBe('/conf/zoo_jaas.conf');
    expect(made.zooCfg.split('\n')).toEqual(
      expect.arrayContaining([
        'java.security.auth.login.config=/conf/zoo_jaas.conf',
        'authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
        'sessionRequireClientSASLAuth=true',
      ]),
    );
    expect(made.zooCfg).not.toContain('secret');
    expect(JSON.stringify(made.variables)).not.toContain('secret');
    expect(made.variables.CLIENT_JVMFLAGS).toBe('-Djava.security.auth.login.config=/conf/zoo_jaas.conf');
  });

  it('do not shut out anonymous ones when those are allowed', () => {
    expect(config({ ...CLIENTS, ALLOW_ANONYMOUS_LOGIN: 'yes' }).zooCfg).not.toContain('sessionRequire');
    expect(config({ ...CLIENTS, ALLOW_ANONYMOUS_LOGIN: 'no' }).zooCfg).toContain('sessionRequire');
    expect(config({ ALLOW_ANONYMOUS_LOGIN: 'yes' })).toMatchObject({ login: null });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['nobody', { ...CLIENTS, ZOO_SERVER_USERS: '' }, /^ZOO_SERVER_USERS names nobody/],
    ['one password too few', { ...CLIENTS, ZOO_SERVER_PASSWORDS: 'secret' }, /2 entries and ZOO_SERVER_PASSWORDS 1/],
    ['a strange name', { ...CLIENTS, ZOO_SERVER_USERS: 'secret="x ops' }, /^ZOO_SERVER_USERS: names have letters/],
    ['a property', { ...CLIENTS, ZOO_CLIENT_PASSWORD: 'secret$' + '{user.home}' }, /^ZOO_CLIENT_PASSWORD: a login/],
    ['half a client', { ...CLIENTS, ZOO_CLIENT_USER: '' }, /^ZOO_CLIENT_PASSWORD is set, but ZOO_CLIENT_USER is not$/],
    ['no learner', { ...MEMBERS, ZOO_QUORUM_LEARNER_USER: '', ZOO_QUORUM_LEARNER_PASSWORD: '' }, /LEARNER_USER is not/],
    ['a lock that is not there', { ALLOW_ANONYMOUS_LOGIN: 'no' }, /^ALLOW_ANONYMOUS_LOGIN is off/],
  ])('refused, and told without a secret: %s', (_what, variables, message) => {
    const act = () => config(variables);
    expect(act).toThrow(message);
    expect(act).toThrow(ContainerError);
    expect(act).not.toThrow(/secret/);
  });
});

describe('the files', () => {
  let dir: TempDir;
  let places: Record<string, string>;
  beforeEach(() => {
    dir = makeTempDir('container-login');
    places = Object.fromEntries(
      ['CONF', 'DATA', 'DATA_LOG', 'LOG'].map((name) => [`ZOO_${name}_DIR`, join(dir.path, name.toLowerCase())]),
    );
  });
  afterEach(() => dir.remove());

  it('are for the server alone, and it goes by them', () => {
    const made = config({ ...CLIENTS, ...MEMBERS, ...SERVERS, ...places });
    prepareFiles(made);
    expect(statSync(made.login?.path ?? '').mode & 0o777).toBe(0o600);
    const path = join(made.confDir, 'zoo.cfg');
    const said: string[] = [];
    const say = (message: string): void => void said.push(message);
    const log = { ...silentLogger, debug: say, info: say, warn: say, error: say };
    const { auth, peerSecurity, serverId } = loadServerConfig({ argv: [path], env: {}, coreCount: 2, log });
    expect(serverId).toBe(2);
    expect(auth.enforcedSchemes).toEqual(['sasl']);
    expect(auth.sasl?.passwords.get('ops')).toBe('secret-ops');
    expect(peerSecurity.sasl).toMatchObject({
      credentials: { username: 'zk', password: 'secret-one' },
      isRequired: true,
    });
    expect(said.join('\n')).not.toContain('secret');
    // A second start changes nothing.
    prepareFiles(config({ ...CLIENTS, ...MEMBERS, ...SERVERS, ...places, ZOO_SERVER_USERS: 'x,y' }));
    expect(readFileSync(made.login?.path ?? '', 'utf8')).toContain('user_ops');
  });

  it('of somebody else are not believed to have the lock', () => {
    const made = config({ ...CLIENTS, ...places });
    mkdirSync(made.confDir, { recursive: true });
    const path = join(made.confDir, 'zoo.cfg');
    writeFileSync(path, `dataDir=${made.dataDir}\n`);
    expect(() => prepareFiles(made)).toThrow(/zoo.cfg is there already and has no java.security.auth.login.config/);
    rmSync(path);
    expect(prepareFiles(made)).toBe(true);
  });
});
