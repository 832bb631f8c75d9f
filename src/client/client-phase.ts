// The phases of a client on its way to a session and back. ClientCnxn alone changes its own; others are told, to know what
// is due in it. Not what the application sees: that is ClientState.
//
//             start                 dialed                   response          (SASL done)
//   waiting ----------> dialing ------------> handshaking ----------> authenticating ----------> connected
//      ^                   |                       |                        |                        |
//      +---- lost ---------+---- lost -------------+---- lost --------------+---- lost --------------+
//
//   authenticating: only with SASL; nothing but its tokens is sent meanwhile.
//   over: from every phase, by close(), detach(), expiry (the server's word or the local estimate) or refused credentials.

export const Phase = { Waiting: 0, Dialing: 1, Handshaking: 2, Authenticating: 3, Connected: 4, Over: 5 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];
