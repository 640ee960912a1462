/**
 * How the tour is told: on a terminal with colours and pauses, else plain and at once, or with `--json` as one
 * line of data for each step. Knows no process.
 */
import { homedir } from "node:os";
import { quotedForShell } from "../../domain/shell-word.ts";
import { pause } from "../../host/pause.ts";
import { type Ink, inkFor, wrapped } from "../layout.ts";
import { type Runtime, writeJson } from "../runtime.ts";

/** Time for a person to read what has just appeared. */
const PAUSE_MS = 900;
const COLUMNS = 80;

export interface Narrator {
  title(text: string, about: string): void;
  chapter(title: string, about: string): Promise<void>;
  /** A fact with a label, as `hub  listens on ...`. */
  fact(label: string, text: string): void;
  /** A command as a person would type it, and then what it printed. */
  command(line: string): void;
  output(text: string): void;
  /** The surface's own line, with its bell. */
  ring(line: string, about: string): void;
  /** Something that was checked and is so. */
  proof(text: string): void;
  aside(text: string): void;
  /** The same as data, with `--json` alone. */
  step(name: string, facts: { readonly [key: string]: unknown }): void;
  pause(): Promise<void>;
}

export function openNarrator(runtime: Runtime, json: boolean): Narrator {
  return json ? dataNarrator(runtime) : screenNarrator(runtime);
}

function dataNarrator(runtime: Runtime): Narrator {
  const silent = (): void => {};
  const at = async (): Promise<void> => {};
  return {
    title: silent,
    chapter: at,
    fact: silent,
    command: silent,
    output: silent,
    ring: silent,
    proof: silent,
    aside: silent,
    step: (name, facts) => writeJson(runtime.out, { step: name, ...facts }),
    pause: at,
  };
}

function screenNarrator(runtime: Runtime): Narrator {
  const { out, stopped } = runtime;
  const ink = inkFor(out);
  const say = (text: string): void => out.write(`${text}\n`);
  const breathe = (): Promise<void> => (out.isTerminal ? pause(PAUSE_MS, stopped) : Promise.resolve());
  return {
    title: (text, about) => say(`\n${ink.bold(text)}\n${ink.dim(wrapped(about, COLUMNS))}`),
    async chapter(title, about) {
      await breathe();
      say(`\n${ink.bold(ink.cyan(title))}\n${ink.dim(wrapped(about, COLUMNS))}\n`);
      await breathe();
    },
    fact: (label, text) => say(labelled(ink.bold(label), label, text)),
    command: (line) => say(`  ${ink.dim("$")} ${ink.bold(line)}`),
    output: (text) => say(indented(text, ink)),
    ring(line, about) {
      say(`${labelled(ink.yellow("ring"), "ring", line)}${out.isTerminal ? "\u0007" : ""}`);
      if (about !== "") say(ink.dim(wrapped(about, COLUMNS, " ".repeat(10))));
    },
    proof: (text) => say(labelled(ink.green("true"), "true", text)),
    aside: (text) => say(ink.dim(wrapped(text, COLUMNS, "  "))),
    step() {},
    pause: breathe,
  };
}

function labelled(shown: string, label: string, text: string): string {
  const gutter = " ".repeat(10);
  return `  ${shown}${" ".repeat(8 - label.length)}${wrapped(text, COLUMNS, gutter).slice(gutter.length)}`;
}

function indented(text: string, ink: Ink): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${ink.dim(line)}`))
    .join("\n");
}

/** A path as a person types it into a shell: `~/.prism/demo`, or in quotes if it needs them. */
export function typedPath(path: string): string {
  const plain = /^[\w@%+=:,./-]+$/.test(path);
  if (process.platform === "win32") return plain ? path : `"${path}"`;
  if (!plain) return quotedForShell(path);
  const user = homedir();
  return user.length > 1 && path.startsWith(`${user}/`) ? `~${path.slice(user.length)}` : path;
}
