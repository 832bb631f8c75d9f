// `srvr`: how the server is doing, in nine lines. Pure text from a status; `stat` is the same with the clients in
// between, so the two halves are here for both. What tools parse are the words in front of the colons and the blanks
// behind them: never change either.

import { hex64 } from '../../base/int64.js';
import { javaAverage } from '../../base/java-double.js';
import type { ServerStatus } from '../status/server-status.js';

export function srvr(status: ServerStatus): string {
  return versionLines(status) + figureLines(status);
}

export function versionLines(status: ServerStatus): string {
  const readOnly = status.mode === 'read-only' ? 'READ-ONLY mode; serving only read-only clients\n' : '';
  return `Zookeeper version: ${status.version}\n${readOnly}`;
}

export function figureLines(status: ServerStatus): string {
  const { latencyMinMs, latencyAvgMs, latencyMaxMs, proposalBytes } = status;
  const proposals =
    proposalBytes === null
      ? ''
      : `Proposal sizes last/min/max: ${proposalBytes.last}/${proposalBytes.min}/${proposalBytes.max}\n`;
  return (
    `Latency min/avg/max: ${latencyMinMs}/${javaAverage(latencyAvgMs)}/${latencyMaxMs}\n` +
    `Received: ${status.receivedCount}\n` +
    `Sent: ${status.sentCount}\n` +
    `Connections: ${status.connectionCount}\n` +
    `Outstanding: ${status.outstandingCount}\n` +
    `Zxid: 0x${hex64(status.zxidHi, status.zxidLo)}\n` +
    `Mode: ${status.mode}\n` +
    `Node count: ${status.nodeCount}\n${proposals}`
  );
}
