/**
 * Which pane a target means, and whether it may be typed into. A pane is found by exact names once and then held
 * by tmux's own number, its process and its server, so that a renamed window, a swapped pane or a restarted server
 * misdirects nothing. Reads only; never changes a pane.
 */
import { printable } from "../../domain/address.ts";
import { nearest } from "../../domain/shape.ts";
import type { View } from "./input-line.ts";
import { rowsOf } from "./screen.ts";
import type { Tmux, TmuxFault } from "./tmux-client.ts";

/** Together they mean one program's one life: numbers of panes are never used again by one server. */
export interface Pane {
  /** As in `%3`. */
  readonly id: string;
  readonly pid: number;
  /** The server's process and the second it started in. */
  readonly server: string;
}

/** A pane at one moment: its state and its screen, taken together. */
export interface Sight extends View {
  readonly pane: Pane;
  /** The program in the foreground. */
  readonly program: string;
  readonly isDead: boolean;
  readonly isInMode: boolean;
  readonly isInputOff: boolean;
  readonly isSynchronized: boolean;
}

export type Found<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly cause: TmuxFault; readonly reason: string };

const IDENTITY = "#{pane_id},#{pane_pid},#{pid} #{start_time}";
/** A session's name holds no colon, a program's no slash; a window's name may hold anything. */
const LISTED = `${IDENTITY},#{window_index},#{pane_index},#{session_name}:#{pane_current_command}/#{window_name}`;
const STATE =
  "#{pane_dead},#{pane_in_mode},#{pane_input_off},#{pane_synchronized},#{cursor_x},#{cursor_y},#{cursor_flag},#{pane_width}";
const SIGHT = `${IDENTITY},${STATE},#{pane_current_command}/#{pane_start_command}`;

const SHELLS = new Set(
  "sh ash bash busybox csh dash elvish fish ksh ksh93 mksh nu oksh posh pwsh tcsh xonsh yash zsh".split(" "),
);

export function isShell(program: string): boolean {
  return SHELLS.has(program.replace(/^-/, ""));
}

/** @param target `%3`, or `SESSION`, `SESSION:WINDOW`, `SESSION:WINDOW.PANE` by exact names and numbers */
export async function findPane(tmux: Tmux, target: string): Promise<Found<Pane>> {
  const answer = await tmux.run(["list-panes", "-a", "-F", LISTED]);
  if (!answer.ok) return answer;
  const listed = answer.out.split("\n").flatMap((line) => listedIn(line) ?? []);
  const means = target.startsWith("%")
    ? listed.filter(({ pane }) => pane.id === target)
    : listed.filter(({ names }) => names.includes(target));
  // A window that is linked into several sessions lists its panes once for each.
  const panes = new Map(means.map(({ pane }) => [pane.id, pane]));
  const [pane] = panes.values();
  if (pane === undefined) return { ok: false, cause: "noPane", reason: absence(target, listed) };
  if (panes.size === 1) return { ok: true, value: pane };
  const ids = [...panes.keys()].slice(0, 8).join(", ");
  const reason = `the tmux target "${printable(target)}" means ${panes.size} panes; name one of ${ids}`;
  return { ok: false, cause: "broken", reason };
}

/** Looks at a pane and its screen at one moment. */
export async function lookAt(tmux: Tmux, { id }: Pick<Pane, "id">): Promise<Found<Sight>> {
  const answer = await tmux.run([
    ...["display-message", "-p", "-t", id, SIGHT, ";"],
    ...["capture-pane", "-p", "-e", "-t", id],
  ]);
  if (!answer.ok) return answer;
  const end = answer.out.indexOf("\n");
  const [paneId = "", pid, server = "", dead, mode, inputOff, synchronized, x, y, visible, width, ...rest] =
    answer.out.slice(0, end).split(",");
  if (paneId !== id) return { ok: false, cause: "noPane", reason: "the pane is gone" };
  return {
    ok: true,
    value: {
      pane: { id, pid: Number(pid), server },
      program: programIn(rest.join(",")),
      isDead: dead === "1",
      isInMode: mode !== "0",
      isInputOff: inputOff === "1",
      isSynchronized: synchronized === "1",
      cursor: { x: Number(x), y: Number(y), visible: visible === "1" },
      width: Number(width),
      rows: rowsOf(answer.out.slice(end + 1)),
    },
  };
}

/**
 * The program in the foreground. A shell that a pane was started with for one command alone, as tmux does for
 * `new-session codex`, stands before that command for as long as the pane lives, and takes no input.
 */
function programIn(told: string): string {
  const [current = "", ...start] = told.split("/");
  const command = /^"?(?:[\w.+-]*\/)*([\w.+-]+)(?: [\w./=:@,+ -]*)?"?$/.exec(start.join("/"))?.[1];
  return command !== undefined && isShell(current) && !isShell(command) ? command : current;
}

export function isSamePane(a: Pane, b: Pane): boolean {
  return a.id === b.id && a.pid === b.pid && a.server === b.server;
}

/** A tmux condition that holds only while the pane is as it was seen: checked by the server as it acts. */
export function stillAsSeen({ pane, cursor }: Sight): string {
  const now = "#{pane_pid} #{pane_dead} #{pane_in_mode} #{pane_synchronized} #{cursor_x} #{cursor_y}";
  return `#{==:${now},${pane.pid} 0 0 0 ${cursor.x} ${cursor.y}}`;
}

/** @param expected the program that must be in the foreground, if that is known */
export function obstacleIn(sight: Sight, expected: string | undefined): string | undefined {
  const { id } = sight.pane;
  const program = printable(sight.program, 40);
  if (sight.isDead) return `the program in pane ${id} has ended`;
  if (sight.isInMode)
    return `pane ${id} is in copy mode, where somebody reads back; it is rung once that is left`;
  if (sight.isInputOff) return `pane ${id} takes no input, which "tmux select-pane -e" would allow again`;
  if (sight.isSynchronized) {
    return `the panes beside ${id} are synchronized with it, so what is typed would reach all of them`;
  }
  if (expected !== undefined && sight.program !== expected) {
    return `pane ${id} runs ${program}, not ${printable(expected, 40)}`;
  }
  if (expected === undefined && isShell(sight.program)) {
    return `pane ${id} runs the shell ${program} and no agent; if the shell is meant, say --tmux-program ${program}`;
  }
  return undefined;
}

interface Listed {
  readonly pane: Pane;
  readonly session: string;
  /** Every target that means it. */
  readonly names: readonly string[];
}

function listedIn(line: string): Listed | undefined {
  const found = /^(%\d+),(\d+),([\d ]+),(\d+),(\d+),([^:]*):[^/]*\/(.*)$/.exec(line);
  if (found === null) return undefined;
  const [, id = "", pid, server = "", index, paneIndex, session = "", window] = found;
  const windows = [`${session}:${index}`, `${session}:${window}`];
  return {
    pane: { id, pid: Number(pid), server },
    session,
    names: [session, ...windows, ...windows.map((name) => `${name}.${paneIndex}`)],
  };
}

function absence(target: string, listed: readonly Listed[]): string {
  const shown = printable(target);
  if (target.startsWith("%")) return `there is no tmux pane ${shown}`;
  const sessions = [...new Set(listed.map(({ session }) => session))];
  const session = target.split(":", 1)[0] ?? target;
  if (sessions.includes(session)) {
    return `the tmux session "${printable(session)}" has no window or pane "${shown}"`;
  }
  const near = nearest(session, sessions);
  const hint = near === undefined ? "" : `; did you mean "${printable(near)}"?`;
  return `there is no tmux session "${printable(session)}"${hint}`;
}
