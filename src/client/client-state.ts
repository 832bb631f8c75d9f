// The states a client can be in, under the names that ZooKeeper's users know from ZooKeeper.States and the CLI's
// prompt. Only ClientCnxn moves from one to another; everybody else reads. Closed and AuthFailed are final. Constants,
// any thread.

export const ClientState = {
  Connecting: 'CONNECTING',
  Connected: 'CONNECTED',
  ConnectedReadOnly: 'CONNECTEDREADONLY',
  Closed: 'CLOSED',
  AuthFailed: 'AUTH_FAILED',
} as const;
export type ClientState = (typeof ClientState)[keyof typeof ClientState];

/** False: this client will never speak to a server again. */
export function isAlive(state: ClientState): boolean {
  return state !== ClientState.Closed && state !== ClientState.AuthFailed;
}
