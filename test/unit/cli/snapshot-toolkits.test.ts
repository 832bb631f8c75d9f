// The snapshot tools where Apache's 3.8.0 is no witness: the recursive summary, which came with 3.9, and what ours say about
// broken files. What they have in common is compared with Apache's (test/interop/toolkits.test.ts).

import { describe, expect, test } from 'vitest';
import { javaHashOrder, javaStringHash } from '../../../src/cli/offline/java-hash-order.js';
import { snapshotComparer } from '../../../src/cli/snapshot-toolkits/snapshot-comparer.js';
import { snapshotFormatter } from '../../../src/cli/snapshot-toolkits/snapshot-formatter.js';
import { snapshotRecursiveSummary } from '../../../src/cli/snapshot-toolkits/snapshot-recursive-summary.js';
import { runOfflineTool } from '../../testing/offline-tool.js';
import type { ToolRun } from '../../testing/run-tool.js';
import { storeWith, VERSION_2 } from '../persistence/persistence-fixture.js';

const SNAPSHOT = `${VERSION_2}/snapshot.10`;

function summary(fixture: string, ...args: string[]): ToolRun {
  return runOfflineTool((words, io) => snapshotRecursiveSummary(words, io, storeWith(fixture)), args);
}

describe('recursive summary', () => {
  test('descendants and bytes of every node with children, a mark per level, then an empty line', () => {
    expect(summary('tiny-restarted-3.9', SNAPSHOT, '/', '0')).toEqual({
      code: 0,
      stdout: ` /
   children: 8
   data: 2
-- /zookeeper
--   children: 2
--   data: 0

`,
      stderr: '',
    });
  });

  test('begins where it is told, and a depth limits what is printed, not what is counted', () => {
    const all = summary('snapshot-gz-3.9', `${VERSION_2}/snapshot.10a.gz`, '/', '0').stdout;
    const top = summary('snapshot-gz-3.9', `${VERSION_2}/snapshot.10a.gz`, '/', '1').stdout;
    expect(top.split('\n').slice(0, 3)).toEqual(all.split('\n').slice(0, 3));
    expect(all).toMatch(/^ {3}children: 195$/m);
    expect(summary('tiny-restarted-3.9', SNAPSHOT, '/zookeeper', '5').stdout).toBe(
      ' /zookeeper\n   children: 2\n   data: 0\n\n',
    );
    expect(summary('tiny-restarted-3.9', SNAPSHOT, '/live', '0').stdout).toBe('\n');
  });

  test.for([[[]], [[SNAPSHOT, '/']], [[SNAPSHOT, '/', 'x']], [[SNAPSHOT, '/', '0', '1']]])(
    '%s is no call',
    ([args]) => {
      const { code, stdout, stderr } = summary('tiny-restarted-3.9', ...(args as string[]));
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain('SnapshotRecursiveSummary  <snapshot_file>  <starting_node>  <max_depth>');
    },
  );

  test('nodes and files that are not there', () => {
    expect(summary('tiny-restarted-3.9', SNAPSHOT, '/nowhere', '0')).toMatchObject({ code: 1, stdout: '' });
    expect(summary('tiny-restarted-3.9', `${VERSION_2}/snapshot.11`, '/', '0')).toMatchObject({
      code: 2,
      stderr: `File '${VERSION_2}/snapshot.11' does not exist.\n`,
    });
  });
});

test('a wrong checksum is told, and the nodes are shown all the same', () => {
  const store = storeWith('snap-flip-newest');
  const { code, stdout, stderr } = runOfflineTool((words, io) => snapshotFormatter(words, io, store, 0), [SNAPSHOT]);
  expect(code).toBe(0);
  expect(stdout).toContain('ZNode Details (count=10):');
  expect(stderr).toContain(`${SNAPSHOT}: its checksum is wrong`);
});

test('a snapshot that ends too early is refused', () => {
  const store = storeWith('snap-cut-newest');
  const run = runOfflineTool((words, io) => snapshotFormatter(words, io, store, 0), [SNAPSHOT]);
  expect(run).toMatchObject({ code: 1, stdout: '' });
  expect(run.stderr).toContain('bytes too early');
});

test('the comparison measures its own times', () => {
  let nowMs = 0;
  const args = ['-l', SNAPSHOT, '-r', SNAPSHOT, '-b', '0', '-n', '0'];
  const clock = (): number => {
    nowMs += 1.25;
    return nowMs;
  };
  const store = storeWith('tiny-restarted-3.9');
  const { stdout } = runOfflineTool((words, io) => snapshotComparer(words, io, store, clock), args);
  expect(stdout).toContain(
    'Deserialized snapshot in snapshot.10 in 0.001250 seconds\nProcessed data tree in 0.001250 seconds\n',
  );
});

test("siblings stand in the order of Java's hash set", () => {
  expect(javaStringHash('AaBB')).toBe(javaStringHash('BBAa'));
  expect(javaStringHash('hello')).toBe(99162322);
  const names = ['zookeeper', 'c', 't', 'nul', 's-0000000002', 'live'];
  const hashes = Int32Array.from(names, javaStringHash);
  // As Apache's formatter shows them.
  expect(Array.from(javaHashOrder(hashes, 8), (place) => names[place])).toEqual([
    'c',
    'zookeeper',
    't',
    'nul',
    's-0000000002',
    'live',
  ]);
});
