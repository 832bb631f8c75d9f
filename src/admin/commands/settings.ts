// settings, change_settings: what may be changed while the server runs, its log levels among it (server/runtime-settings.ts). Our own
// addition in the place of JMX (operations 8): off unless threadkeeper.admin.control is true, and then for those who own the root.
//
//   curl -H 'Authorization: digest root:pw' -X POST 'http://localhost:8080/commands/change_settings?maxClientCnxns=100'
//   curl -H ... -X POST '.../change_settings?log_level=DEBUG&logger=QuorumPeer'
//
// Main thread.

import type { Command, CommandAnswer, MakeCommand } from '../command.js';
import { controlCommand } from '../control-command.js';

export const settings: MakeCommand = (host): Command =>
  controlCommand(host, 'GET', 'settings', async () => shownBy(host));

export const changeSettings: MakeCommand = (host): Command =>
  controlCommand(host, 'POST', 'change_settings', async ({ parameters }) => {
    try {
      await host.control.settings.change(parameters);
    } catch (error) {
      if (error instanceof Error && error.name === 'SettingError') return { status: 400, error: error.message };
      throw error;
    }
    return shownBy(host);
  });

function shownBy({ control }: Parameters<MakeCommand>[0]): CommandAnswer {
  return { fields: { settings: control.settings.all(), log_levels: control.settings.logLevels() } };
}
