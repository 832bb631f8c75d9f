/**
 * Apache ZooKeeper's own server from Debian's packages, with the settings its zkServer.sh gives it: the reference against
 * which tests are proved and benches compare.
 */
import { existsSync } from 'node:fs';
import { type ServerKind, type ServerOptions, ServerProcess } from './server-process.js';

const JAVA = '/usr/bin/java';
const JARS = [
  '/usr/share/java/zookeeper.jar',
  '/usr/share/java/slf4j-simple.jar',
  '/usr/share/java/netty-codec.jar',
  '/usr/share/java/netty-resolver.jar',
];
/** Loaded only by those who ask for snapshots compressed with it. */
const SNAPPY_JAR = '/usr/share/java/snappy-java.jar';
/** Its AdminServer wants it, and is left out of Debian's class path. */
const SERVLET_JAR = '/usr/share/java/servlet-api.jar';
/** What the reference's zkEnv.sh sets. */
const HEAP_MB = 1000;

export const apacheServer: ServerKind = {
  name: 'apache',
  command(configFile, options) {
    for (const file of [JAVA, ...JARS]) {
      if (!existsSync(file)) throw new Error(`${file} is missing: install Debian's zookeeper and libzookeeper-java`);
    }
    return [
      JAVA,
      `-Xmx${options.heapMb ?? HEAP_MB}m`,
      // Warnings only: no log line per request or session is held against it.
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-cp',
      [...JARS, SNAPPY_JAR, SERVLET_JAR].join(':'),
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      configFile,
    ];
  },
};

export function startApache(options: ServerOptions = {}): Promise<ServerProcess> {
  return ServerProcess.start(apacheServer, options);
}
