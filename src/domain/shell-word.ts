/** Words as a POSIX shell takes them. Knows no other shell. */

/** In quotes, whatever it holds. */
export function quotedForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** As a person would type it: in quotes only if it needs them. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quotedForShell(word);
}
