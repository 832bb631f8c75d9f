// zkSnapShotToolkit without its process: a snapshot as text, node by node, or as JSON in ncdu's format. Options, texts and
// exit codes are those of Apache's SnapshotFormatter; it does not judge checksums either, but says so when one is wrong.
// Output goes out as it is made, so that only the tree takes memory.

import { compareSigned, hex64, numberFromHalves } from '../../base/int64.js';
import type { FileStore } from '../../persistence/file-store.js';
import { JavaDates } from '../../server/java-date.js';
import type { TreeReader } from '../../store/tree-reader.js';
import { javaHashOrder, MAP_CAPACITY } from '../offline/java-hash-order.js';
import { ToolFailure, type ToolIo } from '../offline/tool-io.js';
import { checkSnapshotFile, type LoadedSnapshot, loadSnapshot } from './loaded-snapshot.js';
import { rootOf, TreeWalk } from './tree-walk.js';

const EXIT_INVALID_INVOCATION = 2;
const USAGE = `USAGE: SnapshotFormatter [-d|-json] snapshot_file
       -d dump the data for each znode
       -json dump znode info in json format`;
const BOTH = 'Cannot specify both data dump (-d) and json mode (-json) in same call';
const SEPARATOR = '----\n';
const HEX_DIGITS = 14;
const FIRST_INO = 1001;

/** `nowMs` stands in the JSON's head. */
export function snapshotFormatter(args: readonly string[], io: ToolIo, fileStore: FileStore, nowMs: number): number {
  const fileAt = args.findIndex((arg) => arg !== '-d' && arg !== '-json');
  // The file is the last word, or these are not the words of this tool.
  if (fileAt < 0 || fileAt !== args.length - 1) throw new ToolFailure(USAGE, EXIT_INVALID_INVOCATION);
  const file = args[fileAt];
  checkSnapshotFile(fileStore, file);
  const withData = args.includes('-d');
  const asJson = args.includes('-json');
  if (withData && asJson) throw new ToolFailure(BOTH, EXIT_INVALID_INVOCATION);
  const snapshot = loadSnapshot(fileStore, file, io);
  if (asJson) printJson(snapshot.tree, nowMs, io);
  else printText(snapshot, withData, io);
  return 0;
}

function printText(snapshot: LoadedSnapshot, withData: boolean, io: ToolIo): void {
  const { tree } = snapshot;
  let lastHi = snapshot.nameZxidHi;
  let lastLo = snapshot.nameZxidLo;
  const raise = (hi: number, lo: number): void => {
    if (compareSigned(hi, lo, lastHi, lastLo) <= 0) return;
    lastHi = hi;
    lastLo = lo;
  };
  const dates = new JavaDates();
  // The reference counts the root twice.
  io.out(`ZNode Details (count=${tree.nodeCount() + 1}):\n`);
  const walk = new TreeWalk(tree, rootOf(tree), '');
  while (walk.next()) {
    const { ref, path } = walk;
    raise(tree.mzxidHi(ref), tree.mzxidLo(ref));
    raise(tree.pzxidHi(ref), tree.pzxidLo(ref));
    const data = withData ? `data = ${base64(tree, ref)}` : `dataLength = ${Math.max(tree.dataLength(ref), 0)}`;
    io.out(`${SEPARATOR}${path === '' ? '/' : path}\n${statText(tree, ref, dates)}  ${data}\n`);
  }
  io.out(`${SEPARATOR}Session Details (sid, timeout, ephemeralCount):\n`);
  for (const { idHi, idLo, timeoutMs } of inJavaOrder(snapshot)) {
    io.out(`0x${hexOf14(idHi, idLo)}, ${timeoutMs}, ${tree.ephemeralCountOf(idHi, idLo)}\n`);
  }
  io.out(`${SEPARATOR}Last zxid: 0x${hex64(lastHi, lastLo)}\n`);
}

function statText(tree: TreeReader, ref: number, dates: JavaDates): string {
  const ctime = numberFromHalves(tree.ctimeHi(ref), tree.ctimeLo(ref));
  const mtime = numberFromHalves(tree.mtimeHi(ref), tree.mtimeLo(ref));
  return `  cZxid = 0x${hexOf14(tree.czxidHi(ref), tree.czxidLo(ref))}
  ctime = ${dates.long(ctime)}
  mZxid = 0x${hexOf14(tree.mzxidHi(ref), tree.mzxidLo(ref))}
  mtime = ${dates.long(mtime)}
  pZxid = 0x${hexOf14(tree.pzxidHi(ref), tree.pzxidLo(ref))}
  cversion = ${tree.cversion(ref)}
  dataVersion = ${tree.version(ref)}
  aclVersion = ${tree.aversion(ref)}
  ephemeralOwner = 0x${hexOf14(tree.storedOwnerHi(ref), tree.storedOwnerLo(ref))}
`;
}

function inJavaOrder({ sessions }: LoadedSnapshot): LoadedSnapshot['sessions'] {
  const hashes = Int32Array.from(sessions, ({ idHi, idLo }) => idHi ^ idLo);
  return Array.from(javaHashOrder(hashes, MAP_CAPACITY), (place) => sessions[place]);
}

/** ncdu's format: a leaf is an object, a node with children a list that begins with its object. */
function printJson(tree: TreeReader, nowMs: number, io: ToolIo): void {
  io.out(`[1,0,{"progname":"SnapshotFormatter.java","progver":"0.01","timestamp":${nowMs}}`);
  const walk = new TreeWalk(tree, rootOf(tree), '');
  let ino = FIRST_INO;
  while (walk.next()) {
    const { ref, name } = walk;
    const bytes = Math.max(tree.dataLength(ref), 0);
    const object = `{"name":"${walk.level === 0 ? '/' : quoted(name)}","asize":${bytes},"dsize":${bytes},"dev":0,"ino":${ino}}`;
    io.out(`,${walk.childCount > 0 ? '[' : ''}${object}${']'.repeat(walk.endedLevels)}`);
    ino++;
  }
  io.out(']');
}

/** As Jackson escapes: control characters have upper-case digits. */
function quoted(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/\\u00([0-9a-f]{2})/g, (_, digits: string) => `\\u00${digits.toUpperCase()}`);
}

function base64(tree: TreeReader, ref: number): string {
  const length = Math.max(tree.dataLength(ref), 0);
  const data = Buffer.alloc(length);
  tree.copyData(ref, data, 0, length);
  return data.toString('base64');
}

function hexOf14(hi: number, lo: number): string {
  return hex64(hi, lo).padStart(HEX_DIGITS, '0');
}
