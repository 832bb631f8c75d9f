/**
 * An ensemble of processes that goes from plain bytes to TLS and from no passwords to required ones, member by member, while a
 * client goes on; and intruders who have everything but the right certificate or password.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeThroughAll } from '../testing/ensemble-client.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { EnsembleSecurity, type Keys, SASL_REQUIRED } from '../testing/ensemble-security.js';
import { until } from '../testing/until.js';

const DEADLINE_MS = 20_000;
const TIMES = { tickTime: 500, initLimit: 10, syncLimit: 4 };

let security: EnsembleSecurity;
beforeAll(() => {
  security = new EnsembleSecurity();
});
afterAll(() => security.remove());

test('from plain bytes to TLS and passwords, one member at a time, without a pause of the ensemble', async () => {
  const steps: Keys[] = [
    {},
    { ...security.stores(), portUnification: 'true', 'quorum.auth.enableSasl': 'true' },
    {
      ...security.tls(),
      portUnification: 'true',
      'quorum.auth.enableSasl': 'true',
      'quorum.auth.learnerRequireSasl': 'true',
    },
    { ...security.tls(), ...SASL_REQUIRED },
  ];
  const stepOf = [0, 0, 0];
  await using ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper'],
    cfg: TIMES,
    cfgOf: (sid) => steps[stepOf[sid - 1] as number] as Keys,
    env: security.saslEnvironment(),
  });
  await writeThroughAll(ensemble, 'step-0');
  const last = steps.length - 1;
  for (let step = 1; step <= last; step++) {
    for (const sid of [1, 2, 3]) {
      await ensemble.kill(sid);
      stepOf[sid - 1] = step;
      await ensemble.startMember(sid);
      await ensemble.awaitServing([1, 2, 3], DEADLINE_MS);
    }
    await writeThroughAll(ensemble, `step-${step}`);
  }
  await ensemble.awaitSameZxid();

  // The last member comes back as an intruder, twice: nobody speaks with it, and the others go on.
  const intruders: readonly [Keys, RegExp][] = [
    [{ ...security.tls(security.stranger), ...SASL_REQUIRED }, /Unsuccessful handshake|self.signed|unable to/],
    [
      {
        ...security.tls(),
        ...SASL_REQUIRED,
        'java.security.auth.login.config':
          security.saslEnvironment('wrong', 'wrong.conf').SERVER_JVMFLAGS?.replace(/^.*=/, '') ?? '',
      },
      /wrong response for user "member"/,
    ],
  ];
  for (const [keys, words] of intruders) {
    await ensemble.kill(3);
    stepOf[2] = steps.push(keys) - 1;
    await ensemble.startMember(3);
    await ensemble.awaitServing([1, 2], DEADLINE_MS);
    await until('the others have turned it away', DEADLINE_MS, () => words.test(ensemble.member(1).log()));
    expect(await ensemble.mode(3)).toBeNull();
    await ensemble.kill(3);
    await writeThroughAll(ensemble, `without-${steps.length}`);
  }
  for (const { sid } of ensemble.members) expect(ensemble.member(sid).log()).not.toContain('between servers');
}, 90_000);
