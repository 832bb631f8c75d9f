// addauth: adds an identity to the session, on this and every later connection. Silent, and not waited for: a refusal
// shows as the AuthFailed event and ends the session. What is typed here is a password: it must never be written
// anywhere.

import { encodeUtf8 } from '../../../base/utf8.js';
import { type Command, usageError } from '../command.js';
import { parseOptions } from '../command-options.js';

export const addAuthCommand: Command = {
  name: 'addauth',
  syntax: 'scheme auth',

  async run(words, { zk }) {
    const [, scheme, auth] = parseOptions(words, '').args;
    if (scheme === undefined) throw usageError(addAuthCommand);
    // Without it, nothing is sent as proof, not an empty text: a digest server ends the session of who does that.
    zk.addAuth(scheme, auth === undefined ? null : encodeUtf8(auth)).catch(() => {});
  },
};
