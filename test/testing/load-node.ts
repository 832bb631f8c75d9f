// Puts one node into a tree as a snapshot would bring it: fields exactly as given, whatever no client could make. For tests
// that begin with such a tree; inside a write section.

import { encodeUtf8 } from '../../src/base/utf8.js';
import { RecoveredSessions } from '../../src/persistence/recovered-sessions.js';
import { NO_ACL } from '../../src/persistence/snapshot-content-decoder.js';
import { TreeLoader } from '../../src/persistence/tree-loader.js';
import type { DataTree } from '../../src/store/data-tree.js';

const EMPTY = new Uint8Array(0);

/** `stat`: the 60 bytes of StatPersisted. False: its parent is unknown, or may have no children. */
export function loadNode(
  tree: DataTree,
  path: string,
  stat: Uint8Array,
  acl = NO_ACL,
  data: Uint8Array | null = EMPTY,
): boolean {
  const bytes = encodeUtf8(path);
  const content = data ?? EMPTY;
  const piece = new Uint8Array(bytes.length + content.length + stat.length);
  piece.set(bytes);
  piece.set(content, bytes.length);
  piece.set(stat, bytes.length + content.length);
  const dataLength = data === null ? -1 : data.length;
  const loader = new TreeLoader(tree, new RecoveredSessions(), false);
  return loader.onNode(piece, 0, bytes.length, bytes.length, dataLength, bytes.length + content.length, acl);
}
