/**
 * Members of both kinds, Apache's 3.8.0 and ours, that speak TLS with each other and prove by DIGEST-MD5 that they belong together:
 * whoever leads, whoever calls, and on the way there from plain bytes.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeThroughAll } from '../../testing/ensemble-client.js';
import { EnsembleProcess } from '../../testing/ensemble-process.js';
import { EnsembleSecurity, type Keys, SASL_REQUIRED } from '../../testing/ensemble-security.js';
import { readEqualTrees } from '../../testing/tree-reading.js';

const DEADLINE_MS = 30_000;
const TIMES = { tickTime: 500, initLimit: 20, syncLimit: 10 };

let security: EnsembleSecurity;
beforeAll(() => {
  security = new EnsembleSecurity();
});
afterAll(() => security.remove());

async function treesAreEqual(ensemble: EnsembleProcess): Promise<void> {
  await ensemble.awaitSameZxid();
  const tree = await readEqualTrees(ensemble.ports());
  expect(tree.size).toBeGreaterThan(8);
}

test('with TLS and passwords, led by one kind and then by the other', async () => {
  await using ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'apache', 'threadkeeper'],
    cfg: { ...TIMES, ...security.tls(), ...SASL_REQUIRED },
    env: security.saslEnvironment(),
  });
  await writeThroughAll(ensemble, 'first');
  // With equal histories it is the largest id that leads: ours now, Apache's when it is gone.
  expect(await ensemble.leader()).toBe(3);
  await ensemble.kill(3);
  await ensemble.awaitServing([1, 2], DEADLINE_MS);
  expect(await ensemble.leader()).toBe(2);
  await writeThroughAll(ensemble, 'second');
  await ensemble.startMember(3);
  await ensemble.awaitServing([1, 2, 3], DEADLINE_MS);
  expect(await ensemble.mode(3)).toBe('follower');
  await writeThroughAll(ensemble, 'third');
  await treesAreEqual(ensemble);
}, 90_000);

test('on the way from plain bytes to TLS and passwords', async () => {
  const enabled = { 'quorum.auth.enableSasl': 'true' };
  const learners = { ...enabled, 'quorum.auth.learnerRequireSasl': 'true' };
  const steps: readonly Keys[] = [
    {},
    { ...security.stores(), portUnification: 'true', ...enabled },
    { ...security.tls(), portUnification: 'true', ...learners },
    { ...security.tls(), ...SASL_REQUIRED },
  ];
  const stepOf = [0, 0, 0];
  await using ensemble = await EnsembleProcess.start({
    kinds: ['apache', 'threadkeeper', 'threadkeeper'],
    cfg: TIMES,
    cfgOf: (sid) => steps[stepOf[sid - 1] as number] as Keys,
    env: security.saslEnvironment(),
  });
  await writeThroughAll(ensemble, 'step-0');
  for (let step = 1; step < steps.length; step++) {
    // In the end our two still take both: neighbouring steps get along.
    for (const sid of step < 3 ? [2, 1, 3] : [1]) {
      await ensemble.kill(sid);
      stepOf[sid - 1] = step;
      await ensemble.startMember(sid);
      await ensemble.awaitServing([1, 2, 3], DEADLINE_MS);
    }
    await writeThroughAll(ensemble, `step-${step}`);
  }
  await treesAreEqual(ensemble);
}, 120_000);
