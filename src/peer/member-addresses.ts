/**
 * At which addresses the members of the ensemble are, by their names in the configuration: looked up forwards only, anew when a
 * question cannot be answered, and not more often than once in a while, since it is strangers who ask such questions. Lives on
 * the thread of its network; told of the members by whoever owns the configuration.
 *
 * Until it has been told of members it knows nobody and judges nobody.
 */
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.js';

/** Between two rounds of looking names up. */
const ROUND_MS_MIN = 1000;

type Question = () => void;

export class MemberAddresses {
  private readonly clock: Clock;
  private hosts: readonly string[] = [];
  /** What each name stood for when it could be looked up last. */
  private readonly found = new Map<string, ReadonlySet<string>>();
  private readonly waiting: Question[] = [];
  private unanswered = 0;
  private lastRoundMs = Number.NEGATIVE_INFINITY;
  /** Answers to an older list of members are not wanted. */
  private round = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get isKnown(): boolean {
    return this.hosts.length > 0;
  }

  /** Of all members, of every configuration that counts. */
  setHosts(hosts: readonly string[]): void {
    this.hosts = [...new Set(hosts)];
    for (const host of this.found.keys()) if (!this.hosts.includes(host)) this.found.delete(host);
    this.lookUpAll();
  }

  /** Which members' hosts have this address; told later, from within a callback of the system or the next tick. */
  hostsAt(address: string, onAnswer: (hosts: readonly string[]) => void): void {
    const known = this.at(address);
    const isFresh = this.clock.monotonicMs() - this.lastRoundMs < ROUND_MS_MIN && this.unanswered === 0;
    if (known.length > 0 || isFresh || !this.isKnown) {
      process.nextTick(() => onAnswer(known));
      return;
    }
    this.waiting.push(() => onAnswer(this.at(address)));
    if (this.unanswered === 0) this.lookUpAll();
  }

  /** Whether a member is at the address; nobody is judged before the members are known. Told as by `hostsAt`. */
  isMember(address: string, onAnswer: (isMember: boolean) => void): void {
    this.hostsAt(address, (hosts) => onAnswer(hosts.length > 0 || !this.isKnown || this.isNeighbour(address)));
  }

  private at(address: string): readonly string[] {
    return this.hosts.filter((host) => this.found.get(host)?.has(address) === true);
  }

  /** Who calls another loopback address, or the wildcard, on his own machine comes from 127.0.0.1. */
  private isNeighbour(address: string): boolean {
    if (!isLoopback(address)) return false;
    return this.hosts.some((host) =>
      [...(this.found.get(host) ?? [])].some((own) => isLoopback(own) || isWildcard(own)),
    );
  }

  private lookUpAll(): void {
    this.lastRoundMs = this.clock.monotonicMs();
    const round = ++this.round;
    this.unanswered = this.hosts.length;
    if (this.unanswered === 0) process.nextTick(() => this.onLookedUp(round));
    for (const host of this.hosts) {
      if (isIP(host) !== 0) {
        this.found.set(host, new Set([host]));
        process.nextTick(() => this.onLookedUp(round));
        continue;
      }
      lookup(host, { all: true }, (error, addresses) => {
        // A name that cannot be looked up now still stands for what it stood for.
        if (error === null && round === this.round) {
          this.found.set(host, new Set(addresses.map(({ address }) => address)));
        }
        this.onLookedUp(round);
      });
    }
  }

  private onLookedUp(round: number): void {
    if (round !== this.round) return;
    this.unanswered = Math.max(0, this.unanswered - 1);
    if (this.unanswered === 0) for (const answer of this.waiting.splice(0)) answer();
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** An IPv4 address as itself where a socket for both kinds spells it as an IPv6 one. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
