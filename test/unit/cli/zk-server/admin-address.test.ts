// Where scripts ask the AdminServer once STARTED has been said: zoo.cfg is stronger than -D, as in the server.

import { expect, it } from 'vitest';
import { findAdminAddress } from '../../../../src/cli/zk-server/admin-address.js';

it.each([
  [{}, {}, { host: '127.0.0.1', port: 8080 }],
  [{ 'admin.serverPort': '9000', 'admin.serverAddress': '::' }, {}, { host: '::', port: 9000 }],
  [{}, { 'zookeeper.admin.serverPort': '8081' }, { host: '127.0.0.1', port: 8081 }],
  [{ 'admin.serverPort': '9000' }, { 'zookeeper.admin.serverPort': '8081' }, { host: '127.0.0.1', port: 9000 }],
  [{ 'admin.enableServer': 'False' }, {}, null],
  [{}, { 'zookeeper.admin.enableServer': 'false' }, null],
  [{ 'admin.serverPort': 'x' }, {}, null],
])('%j and %j: %j', (pairs, options, address) => {
  expect(findAdminAddress(new Map(Object.entries(pairs)), new Map(Object.entries(options)))).toEqual(address);
});
