// The AdminServer's settings (operations 1.8, 3). Read once on the main thread; plain data. Two defaults are safer than
// Apache's: it listens on the loopback address, and snapshot and restore are off until somebody turns them on, since the open
// ACL that the root node has at first lets anybody through who can reach the port.

import { type AdminTlsConfig, readAdminTlsConfig } from './admin-tls-config.js';
import { checkPort, normalHost } from './port-and-host.js';
import type { Settings } from './settings.js';
import { ConfigError } from './start-error.js';

export interface AdminConfig {
  readonly enabled: boolean;
  /** Null: all addresses. */
  readonly host: string | null;
  /** 0: any free one. */
  readonly port: number;
  /** Begins with a slash and does not end with one. */
  readonly commandUrl: string;
  readonly idleTimeoutMs: number;
  /** Null: plain HTTP only. */
  readonly tls: AdminTlsConfig | null;
  /** The address of a client is what X-Forwarded-For says first: only behind a proxy that sets it. */
  readonly trustsForwardedFor: boolean;
  /** Of snapshot and restore, each for itself. */
  readonly rateLimiterIntervalMs: number;
  readonly snapshotEnabled: boolean;
  readonly restoreEnabled: boolean;
  /** The commands of our own that change the running server. */
  readonly controlEnabled: boolean;
  /** Without it Apache's server refuses both, too. */
  readonly serializeLastZxid: boolean;
  /** The page for browsers is served. */
  readonly pageEnabled: boolean;
  /** Whom nodes are shown. */
  readonly tree: TreeReaders;
  /** By which the server may be called when nodes are asked for. */
  readonly hostNames: readonly string[];
}

const TREE_READERS = ['loopback', 'any', 'off'] as const;
export type TreeReaders = (typeof TREE_READERS)[number];

export function readAdminConfig(settings: Settings): AdminConfig {
  return {
    enabled: !settings.switched('admin.enableServer'),
    host: normalHost(settings.text('admin.serverAddress')),
    port: checkPort(settings.lenientInt('admin.serverPort')),
    commandUrl: commandUrlOf(settings.text('admin.commandURL')),
    idleTimeoutMs: Math.max(0, settings.lenientInt('admin.idleTimeout')),
    tls: readAdminTlsConfig(settings),
    trustsForwardedFor: settings.lenientBool('IPAuthenticationProvider.usexforwardedfor'),
    rateLimiterIntervalMs: Math.max(0, settings.decimal('admin.rateLimiterIntervalInMS')),
    snapshotEnabled: settings.lenientBool('admin.snapshot.enabled'),
    controlEnabled: settings.lenientBool('threadkeeper.admin.control'),
    restoreEnabled: settings.lenientBool('admin.restore.enabled'),
    serializeLastZxid: settings.lenientBool('serializeLastProcessedZxid.enabled'),
    pageEnabled: settings.lenientBool('threadkeeper.admin.page'),
    tree: settings.choice('threadkeeper.admin.tree', TREE_READERS),
    hostNames: namesOf(settings.text('threadkeeper.admin.hostNames')),
  };
}

function commandUrlOf(text: string): string {
  const url = text.replace(/\/+$/, '');
  if (!/^(\/[^/?#\s]+)+$/.test(url))
    throw new ConfigError(`admin.commandURL must be a path like /commands, not ${text}`);
  return url;
}

function namesOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
