// configuration (conf, config), initial_configuration (icfg), system_properties (sysp), environment (env, envi) and dirs: how the
// server was started and where (operations 3.4). Main thread.
// Passwords that stand in the configuration file or in properties are shown, as the reference does: the port is not for everybody.

import type { MakeCommand } from '../command.js';

const COMMON = { method: 'GET', needsServer: true, needsRoot: false } as const;
const ALWAYS = { ...COMMON, needsServer: false } as const;

export const configurationCommands: readonly MakeCommand[] = [
  ({ status }) => ({
    ...COMMON,
    names: ['configuration', 'conf', 'config'],
    run: async () => {
      const settings = await status.settings(false);
      const { dataDir, dataLogDir } = status.directories(false);
      return {
        fields: {
          client_port: settings.clientPort ?? -1,
          data_dir: dataDir,
          data_log_dir: dataLogDir,
          tick_time: settings.tickMs,
          max_client_cnxns: settings.maxClientCnxns,
          min_session_timeout: settings.minSessionTimeoutMs,
          max_session_timeout: settings.maxSessionTimeoutMs,
          server_id: settings.serverId,
          client_port_listen_backlog: settings.clientPortListenBacklog,
        },
      };
    },
  }),
  ({ status }) => ({
    ...COMMON,
    names: ['initial_configuration', 'icfg'],
    run: () => ({ fields: { initial_configuration: status.configurationText } }),
  }),
  ({ status }) => ({
    ...ALWAYS,
    names: ['system_properties', 'sysp'],
    run: () => ({ fields: Object.fromEntries(status.properties()) }),
  }),
  ({ status }) => ({
    ...ALWAYS,
    names: ['environment', 'env', 'envi'],
    run: () => ({ fields: Object.fromEntries(status.environment()) }),
  }),
  ({ status }) => ({
    ...COMMON,
    names: ['dirs'],
    run: () => {
      const { dataDirBytes, dataLogDirBytes } = status.directories(true);
      return { fields: { datadir_size: dataDirBytes, logdir_size: dataLogDirBytes } };
    },
  }),
];
