// The 16 bytes that a client must show to re-open its session. They are the output of a fixed generator (the 48-bit
// linear one of java.util.Random) seeded with the session id: a checksum, not a secret. Every server of an ensemble, and
// Apache's too, must make the same bytes, or sessions cannot move. Any thread; checking allocates nothing.
//
//   state, 48 bits    [ hi: 24 bits | lo: 24 bits ]     products of 24-bit halves stay exact in a double
//   multiplier        [ 0x0005de    | 0xece66d    ]

import { PASSWORD_BYTES } from './connect.js';

const SUPER_SECRET = 0xb3415c00 | 0;
const MULTIPLIER_BITS_32_TO_47 = 0x5;
const MULTIPLIER_BITS_0_TO_31 = 0xdeece66d | 0;
const MULTIPLIER_HI = 0x5de;
const MULTIPLIER_LO = 0xece66d;
const INCREMENT = 0xb;
const TWO_24 = 0x100_0000;
const MASK_24 = 0xff_ffff;

export function sessionPassword(hi: number, lo: number): Uint8Array {
  const password = new Uint8Array(PASSWORD_BYTES);
  let stateHi = seedHi(hi, lo);
  let stateLo = seedLo(lo);
  for (let i = 0; i < PASSWORD_BYTES; i += 4) {
    stateHi = nextHi(stateHi, stateLo);
    stateLo = nextLo(stateLo);
    const word = (stateHi << 8) | (stateLo >>> 16);
    password[i] = word; // least significant byte first
    password[i + 1] = word >>> 8;
    password[i + 2] = word >>> 16;
    password[i + 3] = word >>> 24;
  }
  return password;
}

/** Session 0 has no password. */
export function passwordMatches(hi: number, lo: number, bytes: Uint8Array, off: number, len: number): boolean {
  if (len !== PASSWORD_BYTES || (hi === 0 && lo === 0)) return false;
  let stateHi = seedHi(hi, lo);
  let stateLo = seedLo(lo);
  for (let at = off; at < off + PASSWORD_BYTES; at += 4) {
    stateHi = nextHi(stateHi, stateLo);
    stateLo = nextLo(stateLo);
    const word = (stateHi << 8) | (stateLo >>> 16);
    if (word !== (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24))) return false;
  }
  return true;
}

// The generator mixes its multiplier into the seed. The lower 32 bits of the state's start hold 24 bits of lo and the
// lowest 8 of hi; the id's upper 16 bits do not take part.

function seedHi(hi: number, lo: number): number {
  return (((hi ^ MULTIPLIER_BITS_32_TO_47) & 0xffff) << 8) | ((lo ^ SUPER_SECRET ^ MULTIPLIER_BITS_0_TO_31) >>> 24);
}

function seedLo(lo: number): number {
  return (lo ^ SUPER_SECRET ^ MULTIPLIER_BITS_0_TO_31) & MASK_24;
}

/** Needs the lower half from before the step. */
function nextHi(stateHi: number, stateLo: number): number {
  const carry = Math.floor((stateLo * MULTIPLIER_LO + INCREMENT) / TWO_24);
  // Two products below 2^48 and 2^35 and a carry below 2^25: the sum is exact.
  return (stateHi * MULTIPLIER_LO + stateLo * MULTIPLIER_HI + carry) & MASK_24;
}

function nextLo(stateLo: number): number {
  return (stateLo * MULTIPLIER_LO + INCREMENT) & MASK_24; // of an exact double `&` takes the lowest bits
}
