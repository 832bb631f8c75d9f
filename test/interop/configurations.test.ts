/**
 * Configuration files read by Apache ZooKeeper's server and by ours, side by side: which are refused and with which sentences,
 * and what is made of those that are taken, down to the properties that keys nobody knows become. All of them in one JVM.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/actor/logger.js';
import { loadServerConfig, type ServerConfig } from '../../src/server/server-config.js';
import { causeChain } from '../../src/server/start-error.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { type ApacheAnswer, readByApache } from './configurations/apache-configurations.js';

interface Case {
  /** Lines behind dataDir and tickTime. */
  readonly cfg: string;
  readonly myid?: string;
  /** Without the two lines that every server needs. */
  readonly isBare?: true;
  readonly dynamic?: string;
}

const THREE = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n';
const LIMITS = 'initLimit=5\nsyncLimit=2\n';

const SYNTAX: readonly Case[] = [
  { cfg: 'clientPort=1\n! comment \\\na : b\n c   d\n\te\\ f = g\n' },
  { cfg: 'long = one \\\n   two \\\n\tthree\nnext=x' },
  { cfg: 'uni=\\u00e4\\u20AC\\t\\q\\\\\nk\\#e\\:y\\ z=v' },
  { cfg: 'empty\nempty2=\nempty3 :\n=novalue\n' },
  { cfg: 'twice=1\ntwice=2\r\ncr=1\rlf=2\fx=3' },
  { cfg: 'home=$'.concat('{HOME}/x\ntrailing=blanks  \nback=C:\\data\nlast=\\') },
  { cfg: 'a=\\u00zz' },
  { cfg: 'a=\\u12' },
  { cfg: 'k#=1\nk!=2\n#k=3\n  !k=4\nv=a#b' },
];
const VALUES: readonly Case[] = [
  { cfg: 'clientPort=2181' },
  { cfg: 'clientPort=+2181\ntickTime=007' },
  { cfg: 'clientPort=2181x' },
  { cfg: 'clientPort=' },
  { cfg: 'clientPort=70000' },
  { cfg: 'clientPort=-1' },
  { cfg: 'clientPort=0' },
  { cfg: 'clientPort=99999999999' },
  { cfg: 'clientPortAddress=127.0.0.1' },
  { cfg: 'clientPort=2181\nclientPortAddress=127.0.0.1' },
  { cfg: 'tickTime=0' },
  { cfg: 'tickTime=0x10' },
  { cfg: 'tickTime=1.5' },
  { cfg: 'maxClientCnxns=-5' },
  { cfg: 'maxClientCnxns=many' },
  { cfg: 'minSessionTimeout=5000\nmaxSessionTimeout=4000' },
  { cfg: 'minSessionTimeout=5000' },
  { cfg: 'minSessionTimeout=50000' },
  { cfg: 'maxSessionTimeout=1' },
  { cfg: 'minSessionTimeout=-1\nmaxSessionTimeout=-1' },
  { cfg: 'autopurge.snapRetainCount=1\nautopurge.purgeInterval=-3' },
  { cfg: 'autopurge.snapRetainCount=x' },
  { cfg: 'clientPortListenBacklog=100' },
  { cfg: 'localSessionsEnabled=yes' },
  { cfg: 'standaloneEnabled=TRUE\nreconfigEnabled=False' },
  { cfg: 'reconfigEnabled=1' },
  { cfg: 'syncEnabled=on' },
  { cfg: 'electionAlg=2' },
  { cfg: 'electionAlg=3' },
  { cfg: 'peerType=Observer' },
  { cfg: 'peerType=spectator' },
  { cfg: 'initLimit=x' },
  { cfg: 'connectToLearnerMasterLimit=x' },
  { cfg: 'observerMasterPort=x' },
  { cfg: 'quorumListenOnAllIPs=maybe' },
  { cfg: 'sslQuorum=maybe' },
  { cfg: 'portUnification=maybe' },
  { cfg: 'sslQuorumReloadCertFiles=maybe' },
  { cfg: 'multiAddress.reachabilityCheckEnabled=maybe' },
  { cfg: 'multiAddress.reachabilityCheckTimeoutMs=x' },
  { cfg: 'metricsProvider.className=org.example.None' },
  { cfg: 'quorum.auth.enableSasl=true\nquorum.auth.serverRequireSasl=true' },
  { cfg: 'quorum.auth.learnerRequireSasl=true' },
  { cfg: 'quorum.auth.serverRequireSasl=true' },
  { cfg: 'quorum.cnxn.threads.size=x' },
  { cfg: 'jvm.pause.monitor=maybe' },
  { cfg: 'jvm.pause.sleep.time.ms=x' },
  { cfg: 'snapCount=abc\nforceSync=No\nfoo=bar\nzookeeper.x=1\nsuperUser.1=a\nfsync.warningthresholdms=5' },
  { cfg: 'clientPort=1', isBare: true },
  { cfg: '', isBare: true },
  { cfg: 'dataDir=/tmp/nowhere', isBare: true },
  { cfg: 'dataDir=relative\ndataLogDir=./log', isBare: true },
];
const MEMBERS: readonly Case[] = [
  { cfg: `${THREE}${LIMITS}clientPort=2181`, myid: '1' },
  { cfg: `${THREE}clientPort=2181`, myid: '1' },
  { cfg: `${THREE}initLimit=5`, myid: '1' },
  { cfg: `${THREE}${LIMITS}` },
  { cfg: `${THREE}${LIMITS}`, myid: 'x' },
  { cfg: `${THREE}${LIMITS}`, myid: '1 ' },
  { cfg: `${THREE}${LIMITS}`, myid: '' },
  { cfg: `${THREE}${LIMITS}`, myid: '-4' },
  { cfg: `${THREE}${LIMITS}`, myid: '2\nmore' },
  { cfg: `${THREE}${LIMITS}connectToLearnerMasterLimit=7`, myid: '1' },
  { cfg: 'server.1=localhost:1:2;2181', myid: '1' },
  { cfg: 'server.1=localhost:1:2;2181' },
  { cfg: 'server.1=localhost:1:2\nserver.2=b:1:2:observer', myid: '1' },
  { cfg: 'server.1=localhost:1:2:observer', myid: '1' },
  { cfg: `standaloneEnabled=false\nserver.1=localhost:1:2\n${LIMITS}`, myid: '1' },
  { cfg: 'standaloneEnabled=false', myid: '1' },
  { cfg: `standaloneEnabled=false\nserver.1=a:1:2:observer\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a:1:2\nserver.2=b:1:2\n${LIMITS}`, myid: '2' },
  { cfg: `server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n${LIMITS}`, myid: '3' },
  { cfg: `server.x=a:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a:1\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a:1:2:3:4\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a:1:x\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a:1:1\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a:1:2:leader\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a:1:2;x\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a:1:2;1;2\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=a:1:2|a2:1:2\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `server.1=[::1]:1:2;[::1]:2181\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `clientPort=2181\nserver.1=a:1:2;2182\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `clientPort=2181\nserver.1=a:1:2;2181\nserver.2=b:1:2\n${LIMITS}`, myid: '1' },
  { cfg: `${THREE}${LIMITS}group.1=1:2:3\nweight.1=2`, myid: '1' },
  { cfg: `${THREE}${LIMITS}group.1=1:2\ngroup.2=2:3`, myid: '1' },
  { cfg: `${THREE}${LIMITS}group.1=1:2`, myid: '1' },
  { cfg: `${THREE}${LIMITS}group.1=1:x`, myid: '1' },
  { cfg: `${THREE}${LIMITS}group.1=1:2:3\nweight.1=x`, myid: '1' },
  { cfg: `${LIMITS}dynamicConfigFile=DIR/members`, myid: '1', dynamic: `${THREE}` },
  { cfg: `${LIMITS}dynamicConfigFile=DIR/members`, myid: '1', dynamic: `${THREE}version=5` },
  { cfg: `${LIMITS}dynamicConfigFile=DIR/members`, myid: '1', dynamic: `${THREE}tickTime=5` },
  { cfg: `${LIMITS}dynamicConfigFile=DIR/nowhere`, myid: '1' },
  { cfg: `server.7=a:1:2\n${LIMITS}dynamicConfigFile=DIR/members`, myid: '1', dynamic: THREE },
  { cfg: `${LIMITS}dynamicConfigFile=DIR/members`, myid: '1', dynamic: 'server.1=a:1' },
];
const CASES = [...SYNTAX, ...VALUES, ...MEMBERS];

let dir: TempDir;
let paths: string[];
let apache: ApacheAnswer[];
beforeAll(async () => {
  dir = makeTempDir('configurations');
  paths = CASES.map((one, i) => write(one, join(dir.path, String(i))));
  apache = await readByApache(paths);
}, 60_000);
afterAll(() => dir.remove());

function write({ cfg, myid, isBare, dynamic }: Case, base: string): string {
  mkdirSync(join(base, 'data'), { recursive: true });
  const lead = isBare === true ? '' : `dataDir=${base}/data\ntickTime=2000\n`;
  writeFileSync(join(base, 'zoo.cfg'), lead + cfg.replaceAll('DIR', base), 'latin1');
  if (myid !== undefined) writeFileSync(join(base, 'data/myid'), myid);
  if (dynamic !== undefined) writeFileSync(join(base, 'members'), dynamic);
  return join(base, 'zoo.cfg');
}

function readByUs(path: string): ServerConfig | string {
  try {
    return loadServerConfig({ argv: [path], env: {}, coreCount: 2, log: silentLogger });
  } catch (error) {
    return causeChain(error);
  }
}

function valuesOf(config: ServerConfig): Record<string, string> {
  const peer = config.quorumPeer;
  return {
    clientPort: `${config.clientPort ?? ''}`,
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    tickTime: `${config.tickMs}`,
    maxClientCnxns: `${config.maxClientCnxns}`,
    minSessionTimeout: `${config.minSessionTimeoutMs}`,
    maxSessionTimeout: `${config.maxSessionTimeoutMs}`,
    snapRetainCount: `${config.snapRetainCount}`,
    clientPortListenBacklog: `${config.clientPortListenBacklog}`,
    isDistributed: `${peer !== null}`,
    ...(peer === null
      ? {}
      : {
          serverId: `${config.serverId}`,
          initLimit: `${peer.initLimitTicks}`,
          syncLimit: `${peer.syncLimitTicks}`,
          connectToLearnerMasterLimit: `${peer.connectLimitTicks}`,
          members: peer.membersText.replaceAll('\n', ' '),
        }),
  };
}

/** Without what Java's own text of an address adds: `0.0.0.0/0.0.0.0:2181`, `/0.0.0.0:2182`, `null:x`. */
function withOurAddresses(sentence: string): string {
  const address = (text: string) =>
    text.replace(/(?:0\.0\.0\.0)?\/(?=0\.0\.0\.0:)/g, '').replace(/null(?=:x$)/, '0.0.0.0');
  return /^(?:client address|Address unresolved)/.test(sentence) ? address(sentence) : sentence;
}

describe('a configuration file, beside Apache ZooKeeper 3.8', () => {
  it.each(CASES.map(({ cfg, myid }, i) => [i, cfg, myid ?? null] as const))('%i: %j, myid %j', (i) => {
    const ours = readByUs(paths[i]);
    const theirs = apache[i];
    if (typeof ours === 'string' || theirs.refusal !== null) {
      expect(ours).toBe(theirs.refusal === null ? null : withOurAddresses(theirs.refusal));
      return;
    }
    const values = Object.fromEntries(theirs.values);
    delete values.purgeInterval;
    expect(valuesOf(ours)).toEqual(values);
    expect(ours.properties).toMatchObject(Object.fromEntries(theirs.properties));
  });
});
