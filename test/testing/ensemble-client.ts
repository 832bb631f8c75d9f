/**
 * What tests ask of a member of an ensemble through one connection, a request at a time.
 */
import type { EnsembleProcess } from './ensemble-process.js';
import { counted, int32, Op, openAcl, WireConnection } from './wire-connection.js';

export const PERSISTENT = int32(0);
export const EPHEMERAL = int32(1);

/** The error. */
export async function create(client: WireConnection, path: string, data: string, flags = PERSISTENT): Promise<number> {
  return (await client.call(1, Op.Create, counted(path), counted(data), openAcl, flags)).err;
}

/** The data, or the error. */
export async function read(client: WireConnection, path: string): Promise<string | number> {
  const { err, body } = await client.call(2, Op.GetData, counted(path), Uint8Array.of(0));
  return err === 0 ? body.subarray(4, 4 + body.readInt32BE(0)).toString() : err;
}

/** What was acknowledged anywhere before can be read on this connection afterwards. */
export async function synced(client: WireConnection): Promise<void> {
  const { err } = await client.call(3, Op.Sync, counted('/'));
  if (err !== 0) throw new Error(`sync failed with ${err}`);
}

/** A node through each running member, and its acknowledgement. */
export async function writeThroughAll(ensemble: EnsembleProcess, what: string): Promise<void> {
  for (const { sid, clientPort } of ensemble.running) {
    const connection = await WireConnection.openSession(clientPort);
    const err = await create(connection, `/${what}-${sid}`, 'x');
    if (err !== 0) throw new Error(`writing /${what}-${sid} failed with ${err}`);
    await connection.closeSession();
  }
}
