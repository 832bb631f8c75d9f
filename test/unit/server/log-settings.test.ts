// What the log is set up by: properties, ZOO_LOG4J_PROP, and logging files as they lie in the field. None of it may keep a server from
// starting.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LogSettings, readLogSettings } from '../../../src/server/log-settings.js';
import { makeTempDir, type TempDir } from '../../testing/temp-dir.js';

let dir: TempDir;
let dirCount = 0;
beforeAll(() => {
  dir = makeTempDir('log-settings');
});
afterAll(() => dir.remove());

function settingsOf(
  properties: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): LogSettings {
  const configDir = join(dir.path, String(dirCount++));
  mkdirSync(configDir);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(configDir, name), text);
  const named = Object.entries(properties).map(([name, value]) => [`zookeeper.${name}`, value] as const);
  return readLogSettings({ properties: new Map(named), env, configDir });
}

/** As both kinds of files write one. */
function variable(name: string): string {
  return `\${${name}}`;
}

/** As Apache ships it from 3.8 on, in short. */
const LOGBACK = `
<configuration>
  <!-- Uncomment this if you would like to expose Logback JMX beans -->
  <property name="zookeeper.console.threshold" value="INFO" />
  <property name="zookeeper.log.dir" value="/var/log/zk" />
  <property name="zookeeper.log.file" value="zk.log" />
  <property name="zookeeper.log.maxfilesize" value="64MB" />
  <property name="zookeeper.log.maxbackupindex" value="7" />
  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n</pattern></encoder>
    <filter class="ch.qos.logback.classic.filter.ThresholdFilter">
      <level>\${zookeeper.console.threshold}</level>
    </filter>
  </appender>
  FILE
  <logger name="org.apache.zookeeper.server.FinalRequestProcessor" level="WARN"/>
  <root level="INFO">
    <appender-ref ref="CONSOLE" />
    REF
  </root>
</configuration>`;
const ROLLING = `<appender name="ROLLINGFILE" class="ch.qos.logback.core.rolling.RollingFileAppender">
    <File>\${zookeeper.log.dir}/\${zookeeper.log.file}</File>
    <rollingPolicy class="ch.qos.logback.core.rolling.FixedWindowRollingPolicy">
      <maxIndex>\${zookeeper.log.maxbackupindex}</maxIndex>
    </rollingPolicy>
    <triggeringPolicy><MaxFileSize>\${zookeeper.log.maxfilesize}</MaxFileSize></triggeringPolicy>
  </appender>`;
const COMMENTED = LOGBACK.replace('FILE', `<!-- ${ROLLING} -->`).replace(
  'REF',
  '<!-- <appender-ref ref="ROLLINGFILE" /> -->',
);
const ROLLED = LOGBACK.replace('FILE', ROLLING).replace('REF', '<appender-ref ref="ROLLINGFILE" />');

describe('without a file', () => {
  test('the console gets INFO', () => {
    expect(settingsOf()).toMatchObject({ level: 'INFO', console: 'TRACE', file: null, levels: {} });
  });

  test('a threshold alone is the level, so that a logger may go below it at run time', () => {
    expect(settingsOf({ 'console.threshold': 'WARN' })).toMatchObject({ level: 'WARN', console: 'TRACE' });
    expect(settingsOf({ 'console.threshold': 'ERROR' }, { ZOO_LOG4J_PROP: 'DEBUG,CONSOLE' }).level).toBe('ERROR');
  });

  test.each([
    [
      'INFO,ROLLINGFILE',
      { level: 'INFO', console: null, file: { path: 'logs/zookeeper.log', bytesMax: 256 << 20, backupCount: 20 } },
    ],
    ['DEBUG, CONSOLE, ROLLINGFILE', { level: 'DEBUG', console: 'TRACE', file: { path: 'logs/zookeeper.log' } }],
    ['TRACE,CONSOLE', { level: 'TRACE', console: 'TRACE', file: null }],
    ['nonsense', { level: 'INFO', console: 'TRACE', file: null }],
  ])('ZOO_LOG4J_PROP=%s', (text, expected) => {
    expect(settingsOf({ 'log.dir': 'logs' }, { ZOO_LOG4J_PROP: text })).toMatchObject(expected);
  });

  test('sizes and counts; what cannot be read is as if it were not there', () => {
    const env = { ZOO_LOG4J_PROP: 'INFO,ROLLINGFILE' };
    const named = { 'log.file': 'zk.log', 'log.maxfilesize': '512KB', 'log.maxbackupindex': '3' };
    expect(settingsOf(named, env).file).toEqual({
      path: 'zk.log',
      bytesMax: 512 << 10,
      backupCount: 3,
      level: 'TRACE',
    });
    const odd = { 'log.maxfilesize': 'much', 'log.maxbackupindex': '-3' };
    expect(settingsOf(odd, env).file).toMatchObject({ bytesMax: 256 << 20, backupCount: 20 });
  });
});

describe('a logback.xml', () => {
  test('as it is shipped changes nothing but what it says of loggers', () => {
    expect(settingsOf({}, {}, { 'logback.xml': COMMENTED })).toMatchObject({
      level: 'INFO',
      console: 'TRACE',
      file: null,
      levels: { FinalRequestProcessor: 'WARN' },
    });
  });

  test('with a rolling file that the root uses', () => {
    expect(settingsOf({}, {}, { 'logback.xml': ROLLED })).toMatchObject({
      level: 'INFO',
      console: 'INFO',
      file: { path: '/var/log/zk/zk.log', bytesMax: 64 << 20, backupCount: 7, level: 'TRACE' },
    });
  });

  test('options are stronger', () => {
    const settings = settingsOf({ 'log.dir': '/mine', 'log.file': 'x.log' }, {}, { 'logback.xml': ROLLED });
    expect(settings.file?.path).toBe('/mine/x.log');
    expect(settingsOf({}, { ZOO_LOG4J_PROP: 'ERROR,CONSOLE' }, { 'logback.xml': COMMENTED }).level).toBe('ERROR');
  });

  test.each(['', '<configuration>', 'no xml at all', '<root level="LOUD"/>', '<root><appender-ref ref="X"/></root>'])(
    'that is none: %j',
    (text) => {
      expect(settingsOf({}, {}, { 'logback.xml': text })).toMatchObject({
        level: 'INFO',
        console: 'TRACE',
        file: null,
      });
    },
  );
});

describe('a log4j.properties', () => {
  const debian = [
    `log4j.rootLogger=${variable('zookeeper.root.logger')}`,
    'log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender',
    'log4j.appender.CONSOLE.Threshold=INFO',
    'log4j.appender.ROLLINGFILE=org.apache.log4j.RollingFileAppender',
    `log4j.appender.ROLLINGFILE.File=${variable('zookeeper.log.dir')}/zookeeper.log`,
    'log4j.appender.ROLLINGFILE.MaxFileSize=10MB',
    '#log4j.appender.ROLLINGFILE.MaxBackupIndex=10',
    'log4j.logger.org.apache.zookeeper.server.PrepRequestProcessor=DEBUG',
  ].join('\n');

  test('whose root is a variable that nobody has set', () => {
    expect(settingsOf({}, {}, { 'log4j.properties': debian })).toMatchObject({
      level: 'INFO',
      file: null,
      levels: { PrepRequestProcessor: 'DEBUG' },
    });
  });

  test('and where it is set, as zkEnv.sh does', () => {
    const set = { 'root.logger': 'WARN,ROLLINGFILE', 'log.dir': '/logs' };
    expect(settingsOf(set, {}, { 'log4j.properties': debian })).toMatchObject({
      level: 'WARN',
      console: null,
      file: { path: '/logs/zookeeper.log', bytesMax: 10 << 20, backupCount: 20 },
    });
  });
});
