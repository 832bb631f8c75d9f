// The members that a configuration names, this server's number among them, and what the network says about their names.
// Reads the files the server itself would read; by then it is known that they are right.
// Asks DNS once for each name.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePropertiesFile, trimProperties } from '../../base/java-properties.js';
import { parseQuorumConfig } from '../../server/quorum-config.js';
import type { ServerConfig } from '../../server/server-config.js';
import { firstLineOf } from './disk-facts.js';
import { ownAddresses, resolveAll } from './machine-facts.js';
import type { MemberFacts } from './member-check.js';

export async function readMemberFacts(
  config: ServerConfig,
  configFile: string,
  pairs: ReadonlyMap<string, string>,
): Promise<MemberFacts> {
  const dynamicFile = pairs.get('dynamicConfigFile') ?? '';
  const isDynamic = dynamicFile !== '' && existsSync(dynamicFile);
  const members = parseQuorumConfig(isDynamic ? readPairs(dynamicFile) : pairs, true);
  const myidPath = join(config.dataDir, 'myid');
  const hosts = members.servers.flatMap(({ addresses }) => addresses.map(({ host }) => host));
  return {
    where: isDynamic ? dynamicFile : configFile,
    myid: firstLineOf(myidPath),
    myidPath,
    members,
    ownAddresses: ownAddresses(),
    addressesOf: await resolveAll(hosts),
  };
}

function readPairs(path: string): ReadonlyMap<string, string> {
  return trimProperties(parsePropertiesFile(readFileSync(path)));
}
