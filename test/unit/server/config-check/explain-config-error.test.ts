import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/actor/logger.js';
import { explainConfigError } from '../../../../src/server/config-check/explain-config-error.js';
import { loadServerConfig } from '../../../../src/server/server-config.js';
import { makeTempDir, type TempDir } from '../../../testing/temp-dir.js';

let dir: TempDir;
beforeEach(() => {
  dir = makeTempDir('explain');
});
afterEach(() => dir.remove());

/** What the server adds to its sentence, with file names alone. */
function explain(...lines: string[]): string[] {
  const path = join(dir.path, 'zoo.cfg');
  writeFileSync(path, lines.join('\n').replaceAll('DIR', dir.path));
  try {
    loadServerConfig({ argv: [path], env: {}, coreCount: 4, log: silentLogger });
  } catch (error) {
    return explainConfigError(error, path).map((line) => line.replaceAll(`${dir.path}/`, ''));
  }
  throw new Error('the configuration was not refused');
}

describe('a refused configuration is explained', () => {
  it.each<[lines: string[], told: unknown[]]>([
    [
      ['# ports', 'dataDir=DIR', 'clientPort=2181x'],
      ['zoo.cfg line 3: clientPort = 2181x: a port from 0 to 65535 is expected'],
    ],
    [['dataDir=DIR', 'clientPort=70000'], ['zoo.cfg line 2: clientPort = 70000: a port from 0 to 65535 is expected']],
    [
      ['dataDir=DIR', 'tickTime = \\', '   2s', 'standaloneEnabled=maybe'],
      [
        'zoo.cfg line 2: tickTime = 2s: a whole number of ms, at least 1 is expected',
        'zoo.cfg line 4: standaloneEnabled = maybe: true or false is expected',
      ],
    ],
    [['tickTime=2000'], ['zoo.cfg: no line sets dataDir: a path is expected']],
    [['dataDir=DIR', 'tickTime=0'], ['zoo.cfg line 2: tickTime = 0: a whole number of ms, at least 1 is expected']],
    [
      ['dataDir=DIR', 'clientPortAddress=::1'],
      [
        'zoo.cfg line 2: clientPortAddress = ::1: The local address clients connect to; all addresses unless set.',
        'zoo.cfg: no line sets clientPort: a port from 0 to 65535 is expected',
      ],
    ],
    [
      ['dataDir=DIR', 'server.1=a:1:2', 'server.2=b:3'],
      [
        'zoo.cfg line 3: server.2 = b:3: b:3 does not have the form server_config or server_config;client_config where ' +
          'server_config is the pipe separated list of host:port:port or host:port:port:type and client_config is port ' +
          'or host:port; server.<number>=host:quorumPort:electionPort[:participant|observer][;[host:]clientPort] is ' +
          'expected',
      ],
    ],
    [['dataDir=\\u12'], ['zoo.cfg line 1: dataDir: four hexadecimal digits are expected behind \\u']],
    [
      ['dataDir=DIR', 'initLimit=1', 'syncLimit=1', 'server.1=a:1:2', 'server.2=b:1:2'],
      ["myid: one line with this server's number (1, 2) is expected, and no blanks"],
    ],
    [
      ['dataDir=DIR', 'metricsProvider.className=org.example.Mine'],
      [expect.stringMatching(/^zoo.cfg line 2: metricsProvider.className = org.example.Mine: Who publishes metrics; /)],
    ],
    [['dataDir=DIR', 'secureClientPort=2281'], ['zoo.cfg: no line sets ssl.keyStore.location: a path is expected']],
    [
      ['dataDir=DIR', 'quorum.auth.serverRequireSasl=true'],
      [
        'zoo.cfg line 2: quorum.auth.serverRequireSasl = true: Servers that do not authenticate themselves are refused.',
      ],
    ],
  ])('%j', (lines, told) => {
    expect(explain(...lines)).toEqual(told);
  });

  it('in the file of the members, too', () => {
    writeFileSync(join(dir.path, 'members'), 'server.1=a:1:2\nserver.x=b:1:2\n');
    const [line, ...more] = explain('dataDir=DIR', 'dynamicConfigFile=DIR/members');
    expect(line).toMatch(/^members line 2: server\.x = b:1:2: For input string: "x"; server\.<number>=/);
    expect(more).toEqual([]);
  });

  it('a member in the copied zoo.cfg of a running one', () => {
    writeFileSync(join(dir.path, 'members'), 'server.1=a:1:2\n');
    expect(explain('dataDir=DIR', 'dynamicConfigFile=DIR/members', 'server.4=d:1:2')).toEqual([
      'zoo.cfg line 3: server.4 = d:1:2: the members stand in members: write this line there, or all of them here ' +
        'without dynamicConfigFile',
    ]);
  });

  it('and says nothing of a file that is not there', () => {
    expect(explainConfigError(new Error('no such file'), join(dir.path, 'no.cfg'))).toEqual([]);
  });
});
