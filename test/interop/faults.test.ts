// The fault table, our side of it: every fault of a disk under way and at rest, what becomes of 200 creates, and what is said.
// A few rows for Apache's server as well, so that what is demanded here is known to be more than it does. The whole table for
// both: test/interop/faults/print-fault-table.ts.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apacheServer } from '../testing/apache-server.js';
import type { TempDir } from '../testing/temp-dir.js';
import { threadkeeperServer } from '../testing/threadkeeper-server.js';
import { checkAtRest, MANY_FILES } from './faults/check-at-rest.js';
import { makeBase, tryAtRest, tryInPlace, tryRunning } from './faults/fault-trial.js';
import { REST_FAULTS, type RestFault } from './faults/faults-at-rest.js';
import { RUNNING_FAULTS } from './faults/faults-running.js';

let bases: { readonly one: TempDir; readonly many: TempDir };

beforeAll(async () => {
  const [one, many] = await Promise.all([makeBase(threadkeeperServer, {}), makeBase(threadkeeperServer, MANY_FILES)]);
  bases = { one, many };
});
afterAll(() => {
  bases.one.remove();
  bases.many.remove();
});

describe.concurrent('under way', () => {
  test.each(RUNNING_FAULTS)('$name', async ({ faulty, cfg, killAfter, check }) => {
    const faultyFor = (dataDir: string, directory: string) => faulty(threadkeeperServer, dataDir, directory);
    check(await tryRunning(threadkeeperServer, faultyFor, cfg, killAfter ?? null));
  });
});

describe.concurrent('at rest', () => {
  test.each(REST_FAULTS)('$name', async (fault) => {
    if (fault.inPlace === true) {
      using own = await makeBase(threadkeeperServer, {});
      checkAtRest(fault, await tryInPlace(threadkeeperServer, own, fault.damage));
    } else {
      checkAtRest(fault, await tryAtRest(threadkeeperServer, bases[fault.base], fault.damage));
    }
  });
});

test("Apache's server serves half of what it acknowledged behind a sector that is zeroed", async () => {
  using base = await makeBase(apacheServer, {});
  const fault = REST_FAULTS.find(({ name }) => name.includes('zeroed in the middle')) as RestFault;
  const { restart } = await tryInPlace(apacheServer, base, fault.damage);
  expect(restart.served).toBeGreaterThan(50);
  expect(restart.served).toBeLessThan(150);
});
