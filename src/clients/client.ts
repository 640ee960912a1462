/**
 * What a client's files are to the one who writes them: which files, our part in each, and what the person must
 * know. One file per client holds its own; this is the form that all share. Opens nothing.
 */
import type { Placing } from "./hook-command.ts";
import type { Editing } from "./text/entries.ts";

export const SCOPES = ["local", "project", "user"] as const;
/** Which of Claude Code's files: this checkout's own, the project's that all who work on it share, the user's. */
export type Scope = (typeof SCOPES)[number];

/** Where the user's own files lie; handed in, so that tests and other systems can be played. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: { readonly [name: string]: string | undefined };
  /** The user's folder. */
  readonly userDir: string;
}

export interface ClientFile {
  /** Absolute. */
  readonly path: string;
  /** To stand in messages: `Claude Code's settings "/w/.claude/settings.local.json"`. */
  readonly what: string;
  readonly editing: Editing;
  /** What in it keeps Prism from working there, each as one sentence. */
  readonly obstacles?: (text: string) => readonly string[];
  /** Mode of a file that is made: the user's own files may hold secrets of others. */
  readonly modeNew: number;
}

export interface ClientPlan {
  /** In the order in which they are written; taken back in the reverse one. */
  readonly files: readonly ClientFile[];
  /** Files that are only looked into, for another persona that works here. */
  readonly alsoRead: readonly ClientFile[];
  /** What the person has to do before it works. */
  readonly next: readonly string[];
}

export interface Placed extends Placing {
  readonly scope: Scope;
  /** Claude Desktop's configuration, if it lies elsewhere. */
  readonly config?: string;
}
