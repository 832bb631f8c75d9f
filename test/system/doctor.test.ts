/**
 * `threadkeeper doctor` as an operator runs it: before a server is there, beside a running one, on a member of an ensemble
 * with its certificates and a damaged log, and on a file that no server takes. Each check by itself is in the unit tests.
 */
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { CertificateAuthority } from '../testing/certificates.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';

const BIN = join(repositoryRoot, 'dist/src/cli/threadkeeper.js');
const DEADLINE_MS = 20_000;

let dir: TempDir;
let server: ServerProcess;
beforeAll(async () => {
  dir = makeTempDir('doctor');
  server = await startThreadkeeper({ cfg: { '4lw.commands.whitelist': 'srvr,mntr', 'autopurge.purgeIntervall': 1 } });
});
afterAll(async () => {
  await server.stop();
  dir.remove();
});

async function doctor(
  ...args: string[]
): Promise<{ code: number | null; findings: readonly Finding[]; lines: string[] }> {
  const { code, stdout, stderr } = await runTool(process.execPath, [BIN, 'doctor', '--json', ...args], {
    deadlineMs: DEADLINE_MS,
  });
  expect(stderr).toBe('');
  const { findings, exitCode } = JSON.parse(stdout) as { findings: Finding[]; exitCode: number };
  expect(exitCode).toBe(code);
  return { code, findings, lines: findings.map(({ severity, check, what }) => `${severity} ${check}: ${what}`) };
}

function config(lines: Readonly<Record<string, string | number>>): string {
  const path = join(dir.path, 'zoo.cfg');
  writeFileSync(
    path,
    Object.entries(lines)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  return path;
}

describe('threadkeeper doctor', () => {
  it('before the first start, of a directory, leaves nothing behind', async () => {
    const dataDir = join(dir.path, 'new');
    mkdirSync(dataDir);
    config({ dataDir, clientPort: await freePort(), 'admin.serverPort': 0, 'autopurge.purgeInterval': 24 });
    const { code, lines } = await doctor('--config', dir.path);
    expect(code).toBe(0);
    expect(lines.join('\n')).toMatch(/^ok configuration: is right$[\s\S]*^ok log disk: write and fdatasync took/m);
    expect(lines.join('\n')).toMatch(/^info server: none runs here$[\s\S]*^ok machine: the clock went evenly/m);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('beside a running server, whose files it leaves alone', async () => {
    const { code, lines } = await doctor('--config', server.configFile, '--deep');
    expect(code).toBe(1);
    expect(lines.filter((line) => /^(warning|error)/.test(line))).toEqual([
      'warning configuration: autopurge.purgeIntervall is no key of this server: it becomes the property ' +
        'zookeeper.autopurge.purgeIntervall, which nobody reads',
    ]);
    // The server has told the same by itself, when it had time.
    await until('the advice in the log', DEADLINE_MS, () =>
      server.log().includes('Did you mean autopurge.purgeInterval?'),
    );
    expect(lines).toContain('ok server: serves (standalone)');
    expect(lines).toContain('info data directory: snapshots and logs were not read: a server runs on them');
    expect(lines.join('\n')).toMatch(/^info ports: the client port .* \(standalone\) runs here$/m);
    expect(lines.join('\n')).toMatch(/^ok tree: \d+ nodes, none near a limit$/m);
  });

  it('of a server somewhere, without its configuration', async () => {
    const nowhere = join(dir.path, 'nowhere');
    const answering = await doctor('--config', nowhere, '--server', `127.0.0.1:${server.port}`);
    expect(answering.code).toBe(0);
    expect(answering.lines[0]).toBe('ok server: serves (standalone)');
    expect(answering.lines[1]).toMatch(/^ok zxid: 0x\d+: \d+ writes until/);
    const silent = await doctor('--config', nowhere, '--server', `127.0.0.1:${await freePort()}`);
    expect(silent).toMatchObject({ code: 2, lines: ['error server: does not answer'] });
  });

  it('of a member with a foreign number, an old log and a certificate for somebody else', async () => {
    const dataDir = join(dir.path, 'member');
    cpSync(join(repositoryRoot, 'test/fixtures/persistence/log-flip-data'), dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'myid'), '1\n');
    const authority = new CertificateAuthority();
    const { key, cert } = authority.issue('zk9', { altNames: 'DNS:zk9' });
    writeFileSync(join(dir.path, 'store.pem'), key + cert);
    const [quorumPort, electionPort] = [await freePort(), await freePort()];
    const path = config({
      dataDir,
      'admin.enableServer': 'false',
      initLimit: 5,
      syncLimit: 2,
      'server.1': `127.0.0.1:${quorumPort}:${electionPort};${await freePort()}`,
      'server.2': `127.0.0.1:${quorumPort}:${electionPort}`,
      sslQuorum: 'true',
      'ssl.quorum.keyStore.location': join(dir.path, 'store.pem'),
      'ssl.quorum.trustStore.location': authority.own.certFile,
      'ssl.quorum.trustStore.type': 'PEM',
    });
    const { code, lines } = await doctor('--config', path);
    authority.dir.remove();
    expect(code).toBe(2);
    const said = lines.join('\n');
    expect(said).toMatch(/^error members: 127\.0\.0\.1:\d+ is the quorum port of server\.1 and the quorum port of/m);
    expect(said).toMatch(/^warning members: two voters/m);
    expect(said).toMatch(/^warning certificates: ssl\.quorum\.keyStore has CN=zk9, which does not stand for 127\.0/m);
    expect(said).toMatch(/^error data directory: a start is refused: /m);
  });

  it('of a file that no server takes: all its mistakes, and no secret', async () => {
    const path = config({
      dataDir: dir.path,
      clientPort: '2181x',
      syncEnabled: 'maybe',
      'ssl.keyStore.password': 'hunter2',
    });
    const { code, findings } = await doctor('--config', path);
    expect(code).toBe(2);
    const mistakes = findings.filter(({ severity }) => severity === 'error');
    expect(mistakes.map(({ where }) => where)).toEqual([`${path} line 2`, `${path} line 3`]);
    expect(mistakes[0]).toMatchObject({
      what: 'clientPort = 2181x: a port from 0 to 65535 is expected',
      remedy: expect.stringMatching(/^Correct it; a start ends with: Invalid config, exiting abnormally: /),
    });
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });

  it('and tells wrong words from a wrong configuration', async () => {
    const { code, stderr } = await runTool(process.execPath, [BIN, 'doctor', '--server', 'here'], {
      deadlineMs: DEADLINE_MS,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^--server here is not host:port\nUsage: threadkeeper doctor /);
  });
});
