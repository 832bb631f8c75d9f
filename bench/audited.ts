/**
 * Command: npm run build && node dist/bench/audited.js [--rounds 5] [--seconds 4] [--connections 16] [--outstanding 64].
 * What the audit log costs ours and Apache ZooKeeper: setData with `audit.enable` and without, as CPU time of the server per
 * request and as throughput. Four servers in each round, one after the other, in turned order in the next.
 *
 * Apache's writes through log4j 1.2 (Debian's `liblog4j1.2-java`, `libslf4j-java`) with the appender of its own configuration: a rolling
 * file of 10 MB, each line given to the system at once. Without audit it has the same class path and the same configuration.
 */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { apacheServer } from '../test/testing/apache-server.js';
import { exitOnSignals } from '../test/testing/exit-on-signals.js';
import { type ServerKind, ServerProcess } from '../test/testing/server-process.js';
import { threadkeeperServer } from '../test/testing/threadkeeper-server.js';
import { type Spread, spreadOf } from './compare/figures.js';
import { createNodes } from './load/load-generator.js';
import { type MeasuredLoad, measureLoad } from './measured-load.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '16' },
    outstanding: { type: 'string', default: '64' },
  },
});

const NODES = 1000;
const VALUE_BYTES = 100;
const WARM_UP_SECONDS = 4;
const JARS = '/usr/share/java';
const SIMPLE_LOGGER = `${JARS}/slf4j-simple.jar`;
const LOG4J = [`${JARS}/slf4j-log4j12.jar`, `${JARS}/log4j-1.2.jar`, `${JARS}/slf4j-api.jar`];
const LOG4J_SETTINGS = `log4j.rootLogger=WARN, CONSOLE
log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender
log4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout
log4j.appender.CONSOLE.layout.ConversionPattern=%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n
log4j.logger.org.apache.zookeeper.audit.Slf4jAuditLogger=INFO, AUDIT
log4j.additivity.org.apache.zookeeper.audit.Slf4jAuditLogger=false
log4j.appender.AUDIT=org.apache.log4j.RollingFileAppender
log4j.appender.AUDIT.File=zookeeper_audit.log
log4j.appender.AUDIT.MaxFileSize=10MB
log4j.appender.AUDIT.MaxBackupIndex=10
log4j.appender.AUDIT.layout=org.apache.log4j.PatternLayout
log4j.appender.AUDIT.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
`;

/** The same server with log4j in the place of the logger that writes to the console. */
const apacheWithLog4j: ServerKind = {
  name: 'apache',
  command(configFile, options) {
    for (const jar of LOG4J) if (!existsSync(jar)) throw new Error(`${jar} is missing`);
    const settings = join(dirname(configFile), 'log4j.properties');
    writeFileSync(settings, LOG4J_SETTINGS);
    const [java, ...args] = apacheServer.command(configFile, options);
    const withLog4j = args.map((arg) => arg.replace(SIMPLE_LOGGER, LOG4J.join(':')));
    return [java, `-Dlog4j.configuration=file:${settings}`, ...withLog4j];
  },
};

const SIDES = ['ours', 'ours, audited', 'theirs', 'theirs, audited'] as const;
type Side = (typeof SIDES)[number];

async function measure(side: Side): Promise<MeasuredLoad> {
  const isAudited = side.endsWith('audited');
  const kind = side.startsWith('ours') ? threadkeeperServer : apacheWithLog4j;
  await using server = await ServerProcess.start(kind, { cfg: { 'audit.enable': String(isAudited) } });
  const connections = Number(values.connections);
  const load = { workload: 'set', connections, outstanding: Number(values.outstanding), nodes: NODES } as const;
  await createNodes({ port: server.port, nodes: NODES, valueBytes: VALUE_BYTES, connections: 4, outstanding: 64 });
  const measured = await measureLoad(server, {
    ...load,
    valueBytes: VALUE_BYTES,
    warmupSeconds: WARM_UP_SECONDS,
    seconds: Number(values.seconds),
  });
  const log = join(dirname(server.configFile), 'zookeeper_audit.log');
  const bytes = existsSync(log) ? statSync(log).size : 0;
  if (bytes > 0 !== isAudited) throw new Error(`${side}: ${bytes} bytes in ${log}`);
  return measured;
}

const rounds: Record<Side, MeasuredLoad>[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const seen: Partial<Record<Side, MeasuredLoad>> = {};
  for (let i = 0; i < SIDES.length; i++) {
    const side = SIDES[(i + round) % SIDES.length] as Side;
    const load = await measure(side);
    seen[side] = load;
    console.log(
      `round ${round + 1} ${side.padEnd(16)} ${Math.round(load.throughput)} op/s, ${load.serverCpuUsPerOperation.toFixed(2)} us of the ` +
        `server per operation, p50 ${load.latencyUs.all.p50} us, others ${load.foreignCores.toFixed(2)} cores`,
    );
  }
  rounds.push(seen as Record<Side, MeasuredLoad>);
}

function told(label: string, of: (round: Record<Side, MeasuredLoad>) => number): void {
  const { median, min, max } = spreadOf(rounds.map(of)) as Spread;
  console.log(`  ${label.padEnd(44)} ${median.toFixed(2)} [${min.toFixed(2)} .. ${max.toFixed(2)}]`);
}

const cpu = (load: MeasuredLoad): number => load.serverCpuUsPerOperation;
console.log(`\nmedian of ${rounds.length} rounds [least .. greatest]`);
for (const side of SIDES) told(`${side}, CPU us per operation`, (round) => cpu(round[side]));
for (const who of ['ours', 'theirs'] as const) {
  told(`${who}, CPU audited / without`, (round) => cpu(round[`${who}, audited`]) / cpu(round[who]));
  told(`${who}, throughput audited / without`, (round) => round[`${who}, audited`].throughput / round[who].throughput);
}
told('CPU audited, ours / theirs', (round) => cpu(round['ours, audited']) / cpu(round['theirs, audited']));
told(
  'throughput audited, ours / theirs',
  (round) => round['ours, audited'].throughput / round['theirs, audited'].throughput,
);
