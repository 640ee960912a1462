/**
 * The environment for a program that Prism starts for somebody else: what Prism inherited, without its own secrets
 * (invariant 10) and without the keys by which an agent reaches its own session. Knows no particular program.
 */

/** Ours, and the keys by which agents reach their own sessions: what is started is neither. */
const SECRET = /^(PRISM_\w*(TOKEN|SECRET|PASSWORD)\w*|CLAUDECODE|CLAUDE_CODE_MESSAGING_\w*|CODEX_\w*)$/i;
/** What a service manager says to this process alone: in another's hands its words would be taken for ours. */
const SERVICE = /^(NOTIFY_SOCKET|WATCHDOG_(USEC|PID)|LISTEN_(PID|FDS|FDNAMES)|PRISM_LAUNCHER)$/;
/** The path of a secret is none: what is started may call prism itself. */
const KEPT = /^PRISM_TOKEN_FILE$/i;

/** True if a variable of this name must not be handed on. */
export function isWithheld(name: string): boolean {
  return (SECRET.test(name) && !KEPT.test(name)) || SERVICE.test(name);
}

export function childEnvironment(env: { readonly [name: string]: string | undefined }): {
  [name: string]: string;
} {
  const inherited: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !isWithheld(name)) inherited[name] = value;
  }
  return inherited;
}
