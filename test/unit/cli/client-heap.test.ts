// ZK_CLIENT_HEAP and -Xmx, as zkEnv.sh puts them together; that zkCli then has that heap is a process's business.

import { expect, it } from 'vitest';
import { askedHeapMb } from '../../../src/cli/zk-cli/client-heap.js';

it.each<[Record<string, string>, number | null]>([
  [{}, null],
  [{ ZK_CLIENT_HEAP: '512' }, 512],
  [{ ZK_CLIENT_HEAP: 'much' }, null],
  [{ ZK_CLIENT_HEAP: '512', CLIENT_JVMFLAGS: '-Dx=y -Xmx2g' }, 2048],
  [{ CLIENT_JVMFLAGS: '-Xmx2g', JVMFLAGS: '-Xmx300m' }, 300],
  [{ ZK_CLIENT_HEAP: '512', JVMFLAGS: '-Dhint=-Xmx1m' }, 512],
])('%j: %s MB', (env, heapMb) => {
  expect(askedHeapMb(env, [])).toBe(heapMb);
  expect(askedHeapMb(env, ['--max-old-space-size=100'])).toBeNull();
});
