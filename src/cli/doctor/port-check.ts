// Whether the ports this server is to open can be opened: used twice in the configuration, taken by somebody, taken by this
// very server, or not this machine's to give. Pure, over what trying to open each of them said.
// The trial itself opens and closes each port at once.

import { error, type Finding, info, ok, warning } from './finding.js';

export interface PortFacts {
  /** `client port` */
  readonly name: string;
  /** Null: all addresses. */
  readonly host: string | null;
  readonly port: number;
  /** Empty: it could be opened; else the system's code. */
  readonly errorCode: string;
}

const CHECK = 'ports';
const PRIVILEGED_BELOW = 1024;
export const QUORUM_PORT = 'quorum port';
const NOT_OPENED = 'Does the server run with another configuration? Look into its log.';

/** `runningMode`: a ZooKeeper server answers on the client port, in this mode. Null: none does. */
export function checkPorts(ports: readonly PortFacts[], runningMode: string | null): Finding[] {
  return [...equalPorts(ports), ...ports.map((facts) => checkPort(facts, runningMode))];
}

function equalPorts(ports: readonly PortFacts[]): Finding[] {
  return ports.flatMap((a, i) =>
    ports
      .slice(i + 1)
      .filter((b) => a.port === b.port && a.port !== 0 && (a.host === b.host || a.host === null || b.host === null))
      .map((b) => error(CHECK, `${a.name} and ${b.name} are both ${a.port}`, '', 'Give each a port of its own.')),
  );
}

function checkPort({ name, host, port, errorCode }: PortFacts, runningMode: string | null): Finding {
  const where = `${host === null ? '*' : host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (errorCode) {
    case '':
      if (runningMode === null) return ok(CHECK, `the ${name} ${where} is free`);
      if (name === QUORUM_PORT) return ok(CHECK, `the ${name} ${where} is free: only a leader opens it`);
      return warning(CHECK, `a server runs (${runningMode}), but the ${name} ${where} is free`, where, NOT_OPENED);
    case 'EADDRINUSE':
      return runningMode === null
        ? error(
            CHECK,
            `the ${name} ${where} is taken, by no ZooKeeper server`,
            where,
            `Find who has it: ss -ltnp 'sport = :${port}'.`,
          )
        : info(CHECK, `the ${name} ${where} is taken: a ZooKeeper server (${runningMode}) runs here`, where);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return error(
        CHECK,
        `the ${name} is to be at ${where}, which is no address of this machine`,
        where,
        'Correct the address.',
      );
    case 'EACCES': {
      const why = port < PRIVILEGED_BELOW ? ': ports below 1024 are for the super user' : '';
      return error(CHECK, `the ${name} ${where} may not be opened${why}`, where, 'Take another port.');
    }
    default:
      return error(CHECK, `the ${name} ${where} cannot be opened (${errorCode})`, where, 'Correct host and port.');
  }
}
