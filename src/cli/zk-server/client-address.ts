// Where a client of this server would connect, found out from its configuration files in the order zkServer.sh looks:
// clientPort, the member's own line in the static and then in the dynamic file, secureClientPort. For `status`, which
// tells what it finds, and for `start`, which does not. Reads files, changes nothing.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePropertiesFile, trimProperties } from '../../base/java-properties.js';

export interface ClientAddress {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** `say` hears about each place that was looked at in vain. */
export function findClientAddress(
  pairs: ReadonlyMap<string, string>,
  say: (line: string) => void,
): ClientAddress | null {
  const configuredHost = pairs.get('clientPortAddress') || 'localhost';
  const port = portOf(pairs.get('clientPort'));
  if (port !== null) return { host: configuredHost, port, secure: false };

  const member = findOwnClientPart(pairs, say);
  if (member !== null) {
    const colon = member.lastIndexOf(':');
    const memberPort = portOf(member.slice(colon + 1));
    const host = colon < 0 ? configuredHost : member.slice(0, colon).replace(/^\[|\]$/g, '');
    if (memberPort !== null) return { host, port: memberPort, secure: false };
  }

  say('Client port not found. Looking for secureClientPort in the static config.');
  const securePort = portOf(pairs.get('secureClientPort'));
  if (securePort !== null) {
    return { host: pairs.get('secureClientPortAddress') || 'localhost', port: securePort, secure: true };
  }
  say('Unable to find either secure or unsecure client port in any configs. Terminating.');
  return null;
}

/** What stands behind the semicolon of server.<myid>. */
function findOwnClientPart(pairs: ReadonlyMap<string, string>, say: (line: string) => void): string | null {
  const myid = readFirstLine(join(pairs.get('dataDir') ?? '', 'myid'));
  if (myid === null || !/^\d+$/.test(myid)) {
    say('myid could not be determined, will not able to locate clientPort in the server configs.');
    return null;
  }
  const here = clientPartOf(pairs, myid);
  if (here !== null) return here;
  say('Client port not found in static config file. Looking in dynamic config file.');
  const there = clientPartOf(readPairs(pairs.get('dynamicConfigFile')), myid);
  if (there === null) say('Client port not found in the server configs');
  return there;
}

function clientPartOf(pairs: ReadonlyMap<string, string>, myid: string): string | null {
  const line = pairs.get(`server.${myid}`) ?? '';
  const semicolon = line.lastIndexOf(';');
  return semicolon < 0 || semicolon === line.length - 1 ? null : line.slice(semicolon + 1);
}

function portOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port > 0 && port <= 0xffff ? port : null;
}

function readFirstLine(path: string): string | null {
  try {
    return readFileSync(path, 'latin1').split(/\r?\n/, 1)[0];
  } catch {
    return null;
  }
}

function readPairs(path: string | undefined): ReadonlyMap<string, string> {
  try {
    return trimProperties(parsePropertiesFile(readFileSync(path ?? '')));
  } catch {
    return new Map();
  }
}
