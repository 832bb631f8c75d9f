/**
 * The configuration file of an inline member on its simulated disk, with the files of members beside it: written by whoever sets the
 * member up, rewritten by the member itself when a reconfiguration is committed, read at each start as production reads it
 * (server/server-config.ts). Only members stand in it; everything else the member is given by hand.
 */
import { assert } from '../../../src/base/assert.js';
import { parsePropertiesText, trimProperties } from '../../../src/base/java-properties.js';
import { decodeUtf8, encodeUtf8 } from '../../../src/base/utf8.js';
import { isMembershipKey, parseMembership, quorumVerifierOf } from '../../../src/election/quorum-config-text.js';
import { readWholeFile, removeFile, replaceFile } from '../../../src/persistence/atomic-file.js';
import { DynamicConfigFiles, versionOfDynamicPath } from '../../../src/persistence/dynamic-config-files.js';
import type { FileStore } from '../../../src/persistence/file-store.js';

export interface MembersOnDisk {
  readonly membersText: string;
  readonly lastSeenText: string | null;
  readonly staticPairs: Readonly<Record<string, string>>;
  readonly hasDynamicFile: boolean;
}

/** In place of whatever is there: members of version 0, none proposed. */
export function writeMembers(files: FileStore, path: string, membersText: string): void {
  const lines = membersText.split('\n').filter((line) => line !== '' && !line.startsWith('version'));
  replaceFile(files, path, encodeUtf8(`tickTime=400\n${lines.join('\n')}\n`));
  removeFile(files, `${path}.dynamic.next`);
}

/** Null when there is no such file. */
export function readMembers(files: FileStore, path: string): MembersOnDisk | null {
  const pairs = pairsIn(files, path);
  if (pairs === null) return null;
  const dynamicPath = pairs.get('dynamicConfigFile');
  const members = dynamicPath === undefined ? pairs : pairsIn(files, dynamicPath);
  assert(members !== null, `zoo.cfg names ${dynamicPath}, which is not there`);
  const version = dynamicPath === undefined ? { hi: 0, lo: 0 } : versionOfDynamicPath(dynamicPath);
  const hasMembers = [...pairs.keys()].some(isMembershipKey);
  assert(dynamicPath === undefined || !hasMembers, 'members stand in one file');
  const next = new DynamicConfigFiles(files, path).readNext();
  return {
    membersText: quorumVerifierOf(parseMembership(members, true), version.hi, version.lo).toText(),
    lastSeenText: next === null ? null : decodeUtf8(next, 0, next.length),
    staticPairs: Object.fromEntries(pairs),
    hasDynamicFile: dynamicPath !== undefined,
  };
}

function pairsIn(files: FileStore, path: string): Map<string, string> | null {
  const bytes = readWholeFile(files, path);
  return bytes === null ? null : trimProperties(parsePropertiesText(decodeUtf8(bytes, 0, bytes.length)));
}
