// A path as it has to be typed in a shell, for messages that name a command. Pure; any thread. Only for showing: nothing
// here is ever run.

export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
