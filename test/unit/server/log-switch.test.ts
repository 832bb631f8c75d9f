// The levels that all threads share: what a logging file may bring along, and what an operator may ask for.

import { expect, test } from 'vitest';
import { createLogMemory, LogSwitch } from '../../../src/server/log-switch.js';
import { parseLog4jProperties, parseLogbackXml } from '../../../src/server/logging-file.js';

test('no name of a logger in a file keeps a server from starting', () => {
  const levels = new LogSwitch(createLogMemory());
  const { loggers } = parseLogbackXml(
    '<configuration><logger level="WARN"/><logger name="com.acme.a b" level="WARN"/>' +
      '<logger name="org.apache.zookeeper.ClientCnxn" level="WARN"/></configuration>',
    () => undefined,
  );
  expect(Object.keys(loggers)).toEqual(['', 'a b', 'ClientCnxn']);
  levels.setAll('INFO', { '': 'WARN', 'a b': 'WARN', ClientCnxn: 'WARN' });
  expect(levels.all()).toEqual({ root: 'INFO', ClientCnxn: 'WARN' });
});

test('nor does their number', () => {
  const lines = Array.from({ length: 1000 }, (_, i) => `log4j.logger.com.acme.Logger${i}=DEBUG`);
  const { loggers } = parseLog4jProperties(lines.join('\n'), () => undefined);
  const levels = new LogSwitch(createLogMemory());
  levels.setAll('WARN', Object.fromEntries(Object.keys(loggers).map((name) => [name, 'DEBUG'])));
  expect(levels.levelOf('Logger0')).toBe(20);
  expect(levels.levelOf('Logger999')).toBe(40);
});

test('whoever changes a level is told of a name that is none', () => {
  const levels = new LogSwitch(createLogMemory());
  levels.setAll('INFO', {});
  expect(() => levels.set('a b', 'DEBUG')).toThrow('is not the name of a logger');
  levels.set('QuorumPeer', 'DEBUG');
  expect(levels.all()).toEqual({ root: 'INFO', QuorumPeer: 'DEBUG' });
});
