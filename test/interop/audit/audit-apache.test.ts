// The audit log of one conversation, ours beside Apache's 3.8.0: the same lines in the same order, but for what is listed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startApache } from '../../testing/apache-server.js';
import { makeTempDir } from '../../testing/temp-dir.js';
import { startThreadkeeper } from '../../testing/threadkeeper-server.js';
import { auditMessages, talkForAudit } from './audit-conversation.js';

const CFG = { 'audit.enable': 'true', extendedTypesEnabled: 'true', reconfigEnabled: 'true' };
const SIMPLE_LOGGER = '-Dorg.slf4j.simpleLogger.log.org.apache.zookeeper.audit=info';

async function apacheLines(): Promise<string[]> {
  await using server = await startApache({ cfg: CFG, env: { JAVA_TOOL_OPTIONS: SIMPLE_LOGGER } });
  await talkForAudit(server.port);
  server.signal('SIGTERM');
  await server.exited;
  return auditMessages(server.log());
}

async function ownLog(): Promise<string> {
  const dir = makeTempDir('audit');
  try {
    await using server = await startThreadkeeper({ cfg: { ...CFG, 'log.dir': dir.path } });
    await talkForAudit(server.port);
    server.signal('SIGTERM');
    await server.exited;
    expect(server.log()).toContain('ZooKeeper audit is enabled.');
    return readFileSync(join(dir.path, 'zookeeper_audit.log'), 'utf8');
  } finally {
    dir.remove();
  }
}

/** Apache's own line, or what ours says in its place. */
const TOLD_BETTER: readonly (readonly [apache: string, ours: string])[] = [
  // It puts nothing between two entries of an ACL.
  ['cdrwadigest:', 'cdrwa,digest:'],
  // It does not know the kind of a sequential node that a multi has made.
  ['create\tznode=/m/s-0000000000', 'create\tznode=/m/s-0000000000\tznode_type=ephemeral_sequential'],
];
/** Changes of which it writes nothing. */
const TOLD_BY_US_ALONE = [
  'INFO session=S1\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/t\tznode_type=persistent_with_ttl\tresult=success',
  'INFO session=S1\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/t-s-0000000007\tznode_type=persistent_sequential_with_ttl\tresult=success',
  'ERROR session=S1\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/x\tresult=failure',
];

test('the lines are those of the reference', async () => {
  const [apache, log] = await Promise.all([apacheLines(), ownLog()]);
  const ours = auditMessages(log);
  const expected = apache.map((line) => TOLD_BETTER.reduce((text, [from, to]) => text.replace(from, to), line));
  expect(ours.filter((line) => !TOLD_BY_US_ALONE.includes(line))).toEqual(expected);
  for (const line of TOLD_BY_US_ALONE) expect(ours).toContain(line);
  expect(ours.at(-1)).toBe('INFO user=SERVER\toperation=serverStop\tresult=invoked');
  expect(log.split('\n')[0]).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO {2}audit\.Slf4jAuditLogger: user=\S+\top/,
  );
});
