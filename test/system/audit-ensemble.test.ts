// The audit log in an ensemble (operations 9): the server that the client is connected to writes the line, also of what its leader has
// decided; nodes of ended sessions are every member's.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { until } from '../testing/until.js';
import { counted, int32, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

test('the follower that was asked writes the line, and nobody else', async () => {
  const dir = makeTempDir('audit-ensemble');
  try {
    const logDir = (sid: number): string => join(dir.path, `member-${sid}`);
    await using ensemble = await EnsembleProcess.startOurs({
      cfg: { tickTime: 500, 'audit.enable': 'true' },
      cfgOf: (sid) => ({ 'log.dir': logDir(sid) }),
    });
    await ensemble.awaitServing();
    const leader = await ensemble.leader();
    const [asked = 0] = [1, 2, 3].filter((sid) => sid !== leader);
    const client = await WireConnection.openSession(ensemble.member(asked).clientPort);
    await client.call(1, Op.Create, counted('/e-'), counted(''), openAcl, int32(3));
    await client.call(2, Op.Delete, counted('/nobody'), int32(-1));
    await client.call(3, Op.SetData, counted('/e-0000000000'), counted('x'), int32(-1));
    await client.closeSession(4);
    const linesOf = (sid: number): string[] =>
      readFileSync(join(logDir(sid), 'zookeeper_audit.log'), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => line.replace(/^.*?Slf4jAuditLogger: /, '').replaceAll('\t', ' '));
    const ended =
      /^session=0x\w+ user=\S+ operation=ephemeralZNodeDeletionOnSessionCloseOrExpire znode=\/e-0000000000 result=success$/;
    for (const sid of [1, 2, 3]) {
      const lines = await until(`the last line of member ${sid}`, 30_000, () => {
        const found = linesOf(sid);
        return found.some((line) => ended.test(line)) ? found : undefined;
      });
      expect(lines[0]).toMatch(/^user=\S+ operation=serverStart result=success$/);
      const own = lines.filter((line) => line.includes(' ip=')).map((line) => line.replace(/^session=0x\w+ /, ''));
      expect(own).toEqual(
        sid !== asked
          ? []
          : [
              'user=127.0.0.1 ip=127.0.0.1 operation=create znode=/e-0000000000 znode_type=ephemeral_sequential result=success',
              'user=127.0.0.1 ip=127.0.0.1 operation=delete znode=/nobody result=failure',
              'user=127.0.0.1 ip=127.0.0.1 operation=setData znode=/e-0000000000 result=success',
            ],
      );
      expect(lines.filter((line) => ended.test(line))).toHaveLength(1);
    }
  } finally {
    dir.remove();
  }
});
