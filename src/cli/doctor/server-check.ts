// A running server by what it answers to srvr and mntr: whether it serves, how near it is to its limits, and how many writes
// its zxid has left. Pure, over the two replies; any server that speaks these words will do, Apache's as well.
// A word that is not on the whitelist only leaves out what it would have told.

import { checkZxid } from './data-check.js';
import { error, type Finding, info, ok, warning } from './finding.js';

export interface ServerFacts {
  /** `localhost:2181` */
  readonly where: string;
  /** True: somebody said that a server is there. */
  readonly isExpected: boolean;
  /** Null: nobody answers. */
  readonly srvr: string | null;
  readonly mntr: string | null;
  /** jute.maxbuffer of the configuration; null: there is none at hand. */
  readonly frameBytesMax: number | null;
}

const CHECK = 'server';
const PART_OF_LIMIT = 0.8;
const LATENCY_MS_HIGH = 100;

/** `standalone`, `leader` ... Null: it does not serve. */
export function modeOf(srvr: string | null): string | null {
  return /^Mode: (.+)$/m.exec(srvr ?? '')?.[1] ?? null;
}

export function checkServer(facts: ServerFacts): Finding[] {
  const { where, srvr, isExpected } = facts;
  if (srvr === null) {
    if (!isExpected) return [info(CHECK, 'none runs here', where)];
    return [error(CHECK, 'does not answer', where, 'Does it run, and do address and port hold? See its log.')];
  }
  const mode = modeOf(srvr);
  if (mode === null) {
    const what = 'runs, but does not serve: it has no quorum, or has not finished starting';
    return [warning(CHECK, what, where, 'Look at the other members, and into its log.')];
  }
  const values = valuesOf(facts.mntr);
  const zxid = /^Zxid: 0x([0-9a-f]{1,16})$/m.exec(srvr)?.[1];
  return [
    ok(CHECK, `serves (${mode})`, where),
    ...checkZxid(zxid === undefined ? null : BigInt(`0x${zxid}`), where),
    ...(values === null ? [mntrIsOff(where)] : checkFigures(values, facts)),
  ];
}

function mntrIsOff(where: string): Finding {
  const remedy = '4lw.commands.whitelist=srvr,mntr,ruok lets it.';
  return info(CHECK, 'does not answer mntr: nothing is known of its load', where, remedy);
}

function valuesOf(mntr: string | null): ReadonlyMap<string, number> | null {
  const lines = [...(mntr ?? '').matchAll(/^zk_(\S+)\t(-?\d+(?:\.\d+)?)$/gm)];
  return lines.length === 0 ? null : new Map(lines.map(([, name, value]) => [name, Number(value)]));
}

function checkFigures(values: ReadonlyMap<string, number>, { where, frameBytesMax }: ServerFacts): Finding[] {
  const findings: Finding[] = [];
  const of = (name: string) => values.get(name) ?? 0;
  const near = (used: number, limit: number) => limit > 0 && used >= limit * PART_OF_LIMIT;
  if (near(of('open_file_descriptor_count'), of('max_file_descriptor_count'))) {
    const what = `${of('open_file_descriptor_count')} of ${of('max_file_descriptor_count')} open files are in use`;
    findings.push(warning(CHECK, what, where, 'Raise ulimit -n, or find who opens so many connections (cons).'));
  }
  if (of('avg_latency') > LATENCY_MS_HIGH) {
    const what = `requests take ${of('avg_latency')} ms on average`;
    findings.push(warning(CHECK, what, where, 'Look at the log disk above, and at the slow requests in the log.'));
  }
  const response = of('last_client_response_size') > 0 ? of('max_client_response_size') : 0;
  if (frameBytesMax !== null && near(response, frameBytesMax)) {
    const what = `a reply had ${response} bytes, and clients take ${frameBytesMax} (jute.maxbuffer)`;
    findings.push(
      warning(CHECK, what, where, 'Split that node or its children, or raise jute.maxbuffer on all sides.'),
    );
  }
  if (values.has('synced_followers') && of('synced_followers') < of('followers')) {
    const what = `${of('followers') - of('synced_followers')} followers are not in sync`;
    findings.push(warning(CHECK, what, where, 'Look at those followers.'));
  }
  return findings;
}
