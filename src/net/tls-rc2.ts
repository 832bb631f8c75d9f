/**
 * RC2 in CBC mode, decryption only (RFC 2268). Key stores of Java 8 and of OpenSSL 1.1 hide their certificates with it at
 * 40 bits, and today's OpenSSL does not serve it any more. It protects nothing: for reading such files, and no other use.
 */
const PITABLE = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f4703999' +
    '7c3a8523b8b47afc02365b255597312d5dfa98e38a92ae05df2910676cbac9' +
    'd300e6cfe19ea82c6316013f58e289a90d38341bab33ffb0bb480c5fb9b1cd2e' +
    'c5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);
const BLOCK_BYTES = 8;
const ROTATIONS = [1, 2, 3, 5] as const;

/** Padding (PKCS 7) is taken off; null when it is wrong, as with a wrong key. */
export function decryptRc2Cbc(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer | null {
  if (data.length === 0 || data.length % BLOCK_BYTES !== 0) return null;
  const words = expandKey(key, key.length * 8);
  const out = Buffer.alloc(data.length);
  let before = iv;
  for (let at = 0; at < data.length; at += BLOCK_BYTES) {
    const block = data.subarray(at, at + BLOCK_BYTES);
    decryptBlock(words, block, out.subarray(at, at + BLOCK_BYTES));
    for (let i = 0; i < BLOCK_BYTES; i++) out[at + i] ^= before[i];
    before = block;
  }
  const padding = out[out.length - 1];
  if (padding < 1 || padding > BLOCK_BYTES) return null;
  for (let i = 1; i <= padding; i++) if (out[out.length - i] !== padding) return null;
  return out.subarray(0, out.length - padding);
}

function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const expanded = new Uint8Array(128);
  expanded.set(key);
  for (let i = key.length; i < 128; i++) {
    expanded[i] = PITABLE[(expanded[i - 1] + expanded[i - key.length]) & 0xff];
  }
  const effectiveBytes = Math.ceil(effectiveBits / 8);
  const mask = 0xff >> (8 * effectiveBytes - effectiveBits);
  expanded[128 - effectiveBytes] = PITABLE[expanded[128 - effectiveBytes] & mask];
  for (let i = 127 - effectiveBytes; i >= 0; i--) {
    expanded[i] = PITABLE[expanded[i + 1] ^ expanded[i + effectiveBytes]];
  }
  const words = new Uint16Array(64);
  for (let i = 0; i < 64; i++) words[i] = expanded[2 * i] | (expanded[2 * i + 1] << 8);
  return words;
}

function decryptBlock(words: Uint16Array, block: Uint8Array, out: Uint8Array): void {
  const r = new Uint16Array(4);
  for (let i = 0; i < 4; i++) r[i] = block[2 * i] | (block[2 * i + 1] << 8);
  for (let round = 15; round >= 0; round--) {
    for (let i = 3; i >= 0; i--) {
      const turned = (r[i] >>> ROTATIONS[i]) | (r[i] << (16 - ROTATIONS[i]));
      const one = r[(i + 3) & 3];
      r[i] = turned - words[4 * round + i] - (one & r[(i + 2) & 3]) - (~one & r[(i + 1) & 3]);
    }
    if (round === 11 || round === 5) {
      for (let i = 3; i >= 0; i--) r[i] -= words[r[(i + 3) & 3] & 63];
    }
  }
  for (let i = 0; i < 4; i++) {
    out[2 * i] = r[i] & 0xff;
    out[2 * i + 1] = r[i] >>> 8;
  }
}
