// The tree itself, for limits that only it can come near: nodes and lists of children against jute.maxbuffer, and sequence
// numbers, which are made from a 32-bit count of a parent's children. For `--deep`, which reads a whole snapshot into memory.
// Pure over a loaded tree; nothing may change it meanwhile.

import type { TreeReader } from '../../store/tree-reader.js';
import { rootOf, TreeWalk } from '../snapshot-toolkits/tree-walk.js';
import { type Finding, ok, warning } from './finding.js';

const CHECK = 'tree';
const SEQUENCE_MAX = 2 ** 31 - 1;
const SEQUENCE_LEFT_MIN = 10 ** 8;
const PART_OF_LIMIT = 0.8;
const FINDINGS_MAX = 10;

export function checkTree(tree: TreeReader, where: string, frameBytesMax: number): Finding[] {
  const findings: Finding[] = [];
  const bytesMax = frameBytesMax * PART_OF_LIMIT;
  const walk = new TreeWalk(tree, rootOf(tree), '');
  let nodeCount = 0;
  while (walk.next()) {
    nodeCount++;
    const { ref } = walk;
    const path = walk.path === '' ? '/' : walk.path;
    const dataBytes = tree.dataLength(ref);
    if (dataBytes >= bytesMax)
      findings.push(tooLong(`the data of ${path} has ${dataBytes} bytes`, where, frameBytesMax));
    const namesBytes = tree.childNamesLength(ref);
    if (namesBytes >= bytesMax) {
      findings.push(tooLong(`the names of the children of ${path} have ${namesBytes} bytes`, where, frameBytesMax));
    }
    const left = SEQUENCE_MAX - tree.cversion(ref);
    if (left < SEQUENCE_LEFT_MIN) {
      const remedy = 'Move its users to another parent before they are used up.';
      findings.push(warning(CHECK, `${path} has ${left} sequence numbers left`, where, remedy));
    }
  }
  if (findings.length === 0) return [ok(CHECK, `${nodeCount} nodes, none near a limit`, where)];
  return findings.slice(0, FINDINGS_MAX);
}

function tooLong(what: string, where: string, frameBytesMax: number): Finding {
  const remedy = 'Split it, or raise jute.maxbuffer on servers and clients alike.';
  return warning(CHECK, `${what}; a client takes ${frameBytesMax} (jute.maxbuffer)`, where, remedy);
}
