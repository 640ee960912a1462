/**
 * The one place where commands for clients' settings are built: what a hook runs, what starts the shim, quoted for
 * the shell that will read it, and read back to tell whose they are. Holds no token: what it starts reads that
 * from the owner-only file itself.
 */
import { PrismError } from "../domain/errors.ts";
import { quotedForShell } from "../domain/shell-word.ts";
import { HOOK_EVENTS, type HookEvent } from "../ipc/hook.ts";

export type HookClient = "claude-code" | "codex";

/** Who works there, and how Prism is started. */
export interface Placing {
  /** The program and the words before the verb; absolute. */
  readonly program: readonly [command: string, ...args: string[]];
  readonly persona: string;
  /** The project's folder, absolute. */
  readonly root: string;
  /** Absent: `local`. */
  readonly tenant?: string;
  /** The home folder, absolute; absent: the user's own `~/.prism`. */
  readonly home?: string;
  /** The file that is there while the daemon has something to say to a hook. */
  readonly bellFlagPath: string;
}

/** The words of one hook, unquoted. */
export function hookWords(event: HookEvent, client: HookClient, placing: Placing): readonly string[] {
  const { program, persona, root, tenant, home } = placing;
  return [
    ...program,
    ...["hook", event, "--client", client, "--persona", persona, "--project", root],
    ...(tenant === undefined ? [] : ["--tenant", tenant]),
    ...(home === undefined ? [] : ["--home", home]),
  ];
}

/** The same as one line for the client's shell. */
export function hookLine(
  event: HookEvent,
  client: HookClient,
  placing: Placing,
  platform: NodeJS.Platform = process.platform,
): string {
  const words = hookWords(event, client, placing);
  if (platform === "win32") return cmdLine(words);
  const line = posixLine(words);
  // Runs after every tool call, most of the time with nothing to say: then no process of ours is started.
  return event === "post-tool-use" ? `[ ! -e ${posixQuoted(placing.bellFlagPath)} ] || ${line}` : line;
}

/** What starts the shim. */
export function shimWords(placing: Placing): readonly string[] {
  const { program, persona, root, tenant } = placing;
  return [
    ...program,
    ...["mcp", "--persona", persona, "--project", root],
    ...(tenant === undefined ? [] : ["--tenant", tenant]),
  ];
}

/** Paths and programs are always quoted, plain words never: that is how a person would write it. */
const PLAIN = /^[A-Za-z0-9_@%+=:,.-]+$/;

/** One line for a POSIX shell: every word arrives as it is. */
export function posixLine(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : posixQuoted(word))).join(" ");
}

function posixQuoted(word: string): string {
  refuseControls(word);
  return quotedForShell(word);
}

/**
 * One line for Windows' cmd.exe and the C runtime behind it, which read one after the other: cmd gives up its
 * own meanings inside quotes, except for `%`, which is carried outside of them; the runtime takes a backslash as
 * an escape only before a quote.
 *
 * Source: "Everyone quotes command line arguments the wrong way" (Microsoft), and the C runtime's argv rules.
 */
export function cmdLine(words: readonly string[]): string {
  return words.map((word) => (/^[A-Za-z0-9_@+=:.-]+$/.test(word) ? word : cmdQuoted(word))).join(" ");
}

function cmdQuoted(word: string): string {
  refuseControls(word);
  if (word.includes('"')) {
    throw new PrismError(
      "invalid_argument",
      `a quotation mark can't stand in a command on Windows: ${word}`,
      {
        hint: "name a path without one",
      },
    );
  }
  return word
    .split("%")
    .map((part) => `"${part.replace(/\\+$/, "$&$&")}"`)
    .join("^%");
}

function refuseControls(word: string): void {
  if (!/[\u0000-\u001f\u007f]/.test(word)) return;
  throw new PrismError("invalid_argument", "a control character can't stand in a hook's command", {
    hint: "name a path without one",
  });
}

/** What a command of ours says of itself. */
export interface ReadCommand {
  readonly event: HookEvent;
  readonly client: string;
  readonly persona: string;
  readonly root: string;
}

/**
 * A handler of a client's hooks, if it is one of ours, whoever wrote it and whatever became of its timeout.
 *
 * @param handler `{"command": line}`, or with `args` beside it (no shell)
 */
export function readHandler(handler: unknown): ReadCommand | null {
  if (typeof handler !== "object" || handler === null) return null;
  const { command, args } = handler as { readonly command?: unknown; readonly args?: unknown };
  if (typeof command !== "string") return null;
  if (Array.isArray(args)) return readWords(args.filter((word) => typeof word === "string"));
  return readWords(shellWords(command));
}

function readWords(words: readonly string[]): ReadCommand | null {
  const at = words.lastIndexOf("hook");
  const event = HOOK_EVENTS.find((known) => known === words[at + 1]);
  if (at === -1 || event === undefined) return null;
  const after = (flag: string): string | undefined => {
    const found = words.indexOf(flag, at);
    return found === -1 ? undefined : words[found + 1];
  };
  const [client, persona, root] = [after("--client"), after("--persona"), after("--project")];
  if (client === undefined || persona === undefined || root === undefined) return null;
  return { event, client, persona, root };
}

/** Whose shim an MCP server's entry starts; null if it is another program. */
export function readServer(entry: unknown): { readonly persona: string; readonly root: string } | null {
  if (typeof entry !== "object" || entry === null) return null;
  const { command, args } = entry as { readonly command?: unknown; readonly args?: unknown };
  if (typeof command !== "string" || !Array.isArray(args)) return null;
  const words: unknown[] = args;
  const verb = words.indexOf("mcp");
  const persona = words[words.indexOf("--persona") + 1];
  const root = words[words.indexOf("--project") + 1];
  if (verb === -1 || !words.includes("--persona") || !words.includes("--project")) return null;
  return typeof persona === "string" && typeof root === "string" ? { persona, root } : null;
}

/** Splits what `posixLine` and `cmdLine` wrote, and what a person made of it, well enough to recognise it. */
function shellWords(line: string): string[] {
  return Array.from(line.matchAll(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|\^.|[^\s'"\\^])+/g), ([whole]) =>
    whole.replace(
      /'([^']*)'|"([^"]*)"|\\(.)|\^(.)/g,
      (_, single?: string, double?: string, escaped?: string, caret?: string) =>
        // A path's own backslashes stay: only those before the closing quotation mark were doubled.
        single ?? double?.replace(/\\+$/, (run) => run.slice(run.length / 2)) ?? escaped ?? caret ?? "",
    ),
  );
}
