// Which version this server says it is: to clients and tools the ZooKeeper release whose behaviour it follows, because
// they decide by that number what they may use, and behind it our own name and version. Constants and one look at the
// checkout, taken once when the module is loaded; any thread may import it.
//
//   3.9.5-threadkeeper.0.1.0-<revision>, built on 2026-11-22 00:00 UTC
//   └ cut at the first - or , by tools

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The release of Apache ZooKeeper this server behaves like. */
export const ZOOKEEPER_VERSION = '3.9.5';
export const THREADKEEPER_VERSION = '0.1.0';
/** Set by hand with each release: a package's files carry no date of their own. */
export const BUILD_DATE = '2026-11-22 00:00 UTC';

const UNKNOWN_REVISION = '0'.repeat(40);

/** The commit of the checkout that dist/ lies in; zeros in an installed package. */
export function readRevision(packageRoot: string): string {
  try {
    const head = readFileSync(`${packageRoot}/.git/HEAD`, 'utf8').trim();
    const ref = /^ref: (refs\/[\w./-]+)$/.exec(head);
    const hash = ref === null ? head : findRef(packageRoot, ref[1]);
    return /^[0-9a-f]{40}$/.test(hash) ? hash : UNKNOWN_REVISION;
  } catch {
    return UNKNOWN_REVISION;
  }
}

function findRef(packageRoot: string, ref: string): string {
  try {
    return readFileSync(`${packageRoot}/.git/${ref}`, 'utf8').trim();
  } catch {
    const packed = readFileSync(`${packageRoot}/.git/packed-refs`, 'utf8').split('\n');
    return packed.find((line) => line.endsWith(` ${ref}`))?.slice(0, 40) ?? '';
  }
}

const PACKAGE_ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** As in `srvr`, `stat`, `mntr` and the log. */
export const FULL_VERSION =
  `${ZOOKEEPER_VERSION}-threadkeeper.${THREADKEEPER_VERSION}-${readRevision(PACKAGE_ROOT)}, ` +
  `built on ${BUILD_DATE}`;

/** As `zkServer version` prints it. */
export const VERSION_LINE = `Apache ZooKeeper, version ${ZOOKEEPER_VERSION} ${BUILD_DATE}`;
