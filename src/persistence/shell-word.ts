// A path as it has to be typed in a shell, for messages that name a command: recovery's remedies and the tools' advice.
// Pure; any thread.
// Only for showing: nothing here may ever be run.

export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
