// Splits a line into words as zkCli always has: by blanks, with '…' and "…" holding words together. There are no
// escapes; a quote inside a word is a character like any other, and one that is never closed is dropped. Pure.
// Arguments of a one-shot command never come through here: the user's shell has split them.

const WORD = /[^\s'"]\S*|'[^']*'|"[^"]*"/g;

export function splitLine(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(WORD)) {
    const isQuoted = word[0] === "'" || word[0] === '"';
    words.push(isQuoted ? word.slice(1, -1) : word);
  }
  return words;
}
