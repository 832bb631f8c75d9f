// The AdminServer's keys where a value decides whether it is safe to serve: what is asked for and cannot be had is not replaced
// by something weaker, and keeps the AdminServer from starting, never the server.

import { expect, it } from 'vitest';
import { readAdminConfig } from '../../../src/server/admin-config.js';
import { Settings } from '../../../src/server/settings.js';

function read(file: Record<string, string>) {
  return readAdminConfig(new Settings(new Map(Object.entries(file)), new Map()));
}

const STORES = { 'ssl.quorum.keyStore.location': '/k.pem', 'ssl.quorum.trustStore.location': '/t.pem' };

it('speaks plain HTTP on the loopback address unless it is told otherwise, and believes no proxy', () => {
  expect(read({})).toMatchObject({
    enabled: true,
    host: '127.0.0.1',
    port: 8080,
    tls: null,
    trustsForwardedFor: false,
  });
  expect(read({ 'admin.serverAddress': '0.0.0.0', 'IPAuthenticationProvider.usexforwardedfor': 'true' })).toMatchObject(
    {
      host: null,
      trustsForwardedFor: true,
    },
  );
});

it('is off by exactly false', () => {
  expect(read({ 'admin.enableServer': 'false' }).enabled).toBe(false);
  expect(read({ 'admin.enableServer': 'no' }).enabled).toBe(true);
});

it('takes the stores of the quorum for TLS, and plain HTTP beside it only where both are allowed', () => {
  expect(read({ ...STORES, 'admin.portUnification': 'true' }).tls).toMatchObject({ takesPlain: true, fault: null });
  const { tls } = read({ ...STORES, 'admin.portUnification': 'true', 'admin.forceHttps': 'true' });
  expect(tls).toMatchObject({ takesPlain: false, fault: null, detectionMs: 5000 });
  expect(tls?.options).toMatchObject({
    clientAuth: 'none',
    keyStore: { path: '/k.pem' },
    trustStore: { path: '/t.pem' },
  });
  const { tls: strict } = read({ ...STORES, 'admin.forceHttps': 'true', 'admin.needClientAuth': 'true' });
  expect(strict?.options?.clientAuth).toBe('need');
});

it.each([
  [{ 'admin.forceHttps': 'true' }, /ssl\.quorum\.keyStore\.location is not set/],
  [
    { 'admin.forceHttps': 'true', 'admin.needClientAuth': 'true', 'ssl.quorum.keyStore.location': '/k.pem' },
    /trustStore/,
  ],
  [{ ...STORES, 'admin.portUnification': 'true', 'ssl.quorum.crl': 'true' }, /revoked/],
  [{ ...STORES, 'admin.forceHttps': 'true', 'ssl.quorum.protocol': 'SSLv3' }, /SSLv3/],
])('%j is a fault that is told when the AdminServer is to start', (file, fault) => {
  const { enabled, tls } = read(file);
  expect(enabled).toBe(true);
  expect(tls).toMatchObject({ options: null, fault: expect.stringMatching(fault) });
});
