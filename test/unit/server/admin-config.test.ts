// The AdminServer's keys where a value decides whether it is safe to serve: what is asked for and cannot be had is not replaced
// by something weaker.

import { expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { readAdminConfig } from '../../../src/server/admin-config.js';
import { Settings } from '../../../src/server/settings.js';

function read(file: Record<string, string>) {
  const lines: string[] = [];
  const log = {
    ...silentLogger,
    error: (message: string) => lines.push(`ERROR ${message}`),
    warn: (message: string) => lines.push(`WARN ${message}`),
  };
  return { ...readAdminConfig(new Settings(new Map(Object.entries(file)), new Map()), log), lines };
}

it('where only TLS is allowed on the port, none is opened: no password crosses it in the clear', () => {
  const { enabled, lines } = read({ 'admin.forceHttps': 'true' });
  expect(enabled).toBe(false);
  expect(lines).toEqual([expect.stringMatching(/^ERROR Unable to start JettyAdminServer: admin\.forceHttps /)]);
});

it('where TLS is allowed besides, plain HTTP is what there is, with a warning', () => {
  const { enabled, lines } = read({ 'admin.portUnification': 'true' });
  expect(enabled).toBe(true);
  expect(lines).toEqual([expect.stringMatching(/^WARN admin\.portUnification /)]);
});

it('says nothing of it where there is to be no AdminServer', () => {
  const { enabled, lines } = read({
    'admin.enableServer': 'false',
    'admin.forceHttps': 'true',
    'admin.portUnification': 'true',
  });
  expect({ enabled, lines }).toEqual({ enabled: false, lines: [] });
});
