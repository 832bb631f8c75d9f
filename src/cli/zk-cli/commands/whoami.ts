// whoami: the identities this connection has at the server, one "scheme: user" per line below a heading. The user of a
// digest identity is its name; a scheme that the server has no more to say about stands alone. Takes no arguments and
// ignores those it gets.

import type { Command } from '../command.js';

export const whoAmICommand: Command = {
  name: 'whoami',
  syntax: '',

  async run(_words, { zk, terminal, json }) {
    const identities = await zk.whoAmI();
    if (json !== null) {
      json({ identities: identities.map(({ authScheme, user }) => ({ scheme: authScheme, user })) });
      return;
    }
    terminal.out(
      ['Auth scheme: User', ...identities.map(({ authScheme, user }) => `${authScheme}: ${user}`)].join('\n'),
    );
  },
};
