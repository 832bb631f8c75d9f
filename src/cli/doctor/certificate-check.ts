// Certificates of the configured stores: whether they could be read, when they end, and whether those of this server bear the
// names it is called by. Pure, over certificates already parsed. A key that is not that of its certificate is refused when
// the store is read, which comes in here as an error of the store.

import { error, type Finding, ok, warning } from './finding.js';

export interface CertificateFacts {
  readonly subject: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Whether it stands for this host, as TLS compares names. */
  readonly bears: (host: string) => boolean;
}

export interface StoreFacts {
  /** `ssl.quorum.keyStore` */
  readonly name: string;
  readonly path: string;
  /** Empty: it could be read. */
  readonly error: string;
  readonly certificates: readonly CertificateFacts[];
  /** By these others call this server, and compare; empty for trust stores. */
  readonly hosts: readonly string[];
}

const CHECK = 'certificates';
const DAY_MS = 86_400_000;
const WARNING_DAYS = 30;

export function checkCertificates(stores: readonly StoreFacts[], nowMs: number): Finding[] {
  return stores.flatMap((store) => checkStore(store, nowMs));
}

function checkStore(store: StoreFacts, nowMs: number): Finding[] {
  const { name, path } = store;
  if (store.error !== '') return [error(CHECK, store.error, path, `Correct ${name}.*.`)];
  const findings = store.certificates.flatMap((certificate) => [
    ...checkDates(store, certificate, nowMs),
    ...checkNames(store, certificate),
  ]);
  if (findings.length > 0) return findings;
  const daysLeft = Math.floor((Math.min(...store.certificates.map((c) => c.validToMs)) - nowMs) / DAY_MS);
  const count = store.certificates.length;
  return [ok(CHECK, `${name} has ${count === 1 ? 'one that holds' : `${count} that hold`} for ${daysLeft} days`, path)];
}

function checkDates({ name, path }: StoreFacts, certificate: CertificateFacts, nowMs: number): Finding[] {
  const { subject, validFromMs, validToMs } = certificate;
  const who = `${name} has ${subject}, which`;
  if (nowMs < validFromMs) {
    return [error(CHECK, `${who} is not valid before ${day(validFromMs)}`, path, "Is this machine's clock right?")];
  }
  if (nowMs > validToMs) return [error(CHECK, `${who} ended on ${day(validToMs)}`, path, 'Renew it.')];
  const daysLeft = Math.floor((validToMs - nowMs) / DAY_MS);
  if (daysLeft >= WARNING_DAYS) return [];
  const what = `${who} ends in ${daysLeft} days, on ${day(validToMs)}`;
  return [
    warning(CHECK, what, path, 'Renew it; with client.certReload or sslQuorumReloadCertFiles no restart is needed.'),
  ];
}

function checkNames({ name, path, hosts }: StoreFacts, { subject, bears }: CertificateFacts): Finding[] {
  const absent = hosts.filter((host) => !bears(host));
  if (absent.length === 0) return [];
  const what = `${name} has ${subject}, which does not stand for ${absent.join(', ')}`;
  return [warning(CHECK, what, path, 'Issue one with these names as subjectAltName, or others refuse this server.')];
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
