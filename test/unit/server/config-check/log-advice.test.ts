import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Logger } from '../../../../src/actor/logger.js';
import { logAdvice } from '../../../../src/server/config-check/log-advice.js';
import { makeTempDir, type TempDir } from '../../../testing/temp-dir.js';

let dir: TempDir;
let said: string[];
beforeEach(() => {
  dir = makeTempDir('log-advice');
  said = [];
});
afterEach(() => dir.remove());

const to = (level: string) => (message: string) => void said.push(`${level} ${message.replaceAll(`${dir.path}/`, '')}`);
const log: Logger = { debug: to('DEBUG'), info: to('INFO'), warn: to('WARN'), error: to('ERROR') };

it('warns of what somebody will miss, mentions what works under another name, lists what has no effect', () => {
  const path = join(dir.path, 'zoo.cfg');
  writeFileSync(path, 'tickTme=1\nrequestThrottleLimit=5\nsnapCount=x\nfips-mode=false\nkinit=/k\ntickTime=2000\n');
  logAdvice(path, log);
  expect(said).toEqual([
    'WARN zoo.cfg line 1: tickTme is no key of this server: it becomes the property zookeeper.tickTme, which nobody ' +
      'reads. Did you mean tickTime?',
    'INFO zoo.cfg line 2: requestThrottleLimit is no key of Apache ZooKeeper: it is taken for ' +
      'request_throttle_max_requests. Write request_throttle_max_requests.',
    'WARN zoo.cfg line 3: snapCount = x: a whole number of txns, at least 2 is expected; it is passed over, and 100000 ' +
      'is used. Correct the value.',
    'INFO Keys without effect in this version: fips-mode, kinit',
  ]);
});

it('has nothing to say about a file that is right, or gone', () => {
  const path = join(dir.path, 'zoo.cfg');
  writeFileSync(path, 'tickTime=2000\n');
  logAdvice(path, log);
  expect(said).toEqual([]);
  logAdvice(join(dir.path, 'gone.cfg'), log);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^DEBUG .*gone\.cfg is not looked at again: ENOENT/);
});
