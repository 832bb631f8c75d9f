/**
 * Invariant 10: the committed configuration of a member never goes back to an older version, and one version is the same
 * members to all. That quorums of two that follow one another cannot miss each other shows in invariants 2 and 6.
 */
import { Invariant, type OnViolation } from './invariant.js';

export class ConfigRecord {
  private readonly onViolation: OnViolation;
  private readonly versions = new Map<number, number>();
  private readonly texts = new Map<number, string>();

  constructor(onViolation: OnViolation) {
    this.onViolation = onViolation;
  }

  /** The version and the members that this one holds for committed. */
  committed(sid: number, version: number, members: string): void {
    const before = this.versions.get(sid) ?? 0;
    if (version < before) this.say(`${sid} goes back from configuration ${before} to ${version}`);
    this.versions.set(sid, version);
    const known = this.texts.get(version);
    if (known === undefined) this.texts.set(version, members);
    else if (known !== members) this.say(`configuration ${version} is "${known}", and "${members}" at ${sid}`);
  }

  /** What a start finds on the disk: the members that it knew for committed are committed there, or proposed at the least. */
  started(sid: number, version: number, lastSeen: number): void {
    const before = this.versions.get(sid) ?? 0;
    const newest = Math.max(version, lastSeen);
    if (newest < before) this.say(`${sid} finds configuration ${newest} on its disk, and had ${before}`);
    this.versions.set(sid, version);
  }

  /** Its disk has failed, or somebody has given it other files. */
  forgets(sid: number): void {
    this.versions.delete(sid);
  }

  private say(text: string): void {
    this.onViolation({ invariant: Invariant.configSafety, text });
  }
}
