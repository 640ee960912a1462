/**
 * Types one line into a pane and sees to it that it was taken: pasted once, shown, Enter, gone from the input
 * line. Every key is sent under a condition that tmux checks as it sends: the pane is still as it was seen. What
 * can't be seen counts as not done. Knows no doorbell.
 */
import { monotonicMs } from "../../host/monotonic.ts";
import { pause } from "../../host/pause.ts";
import type { RingOutcome } from "../surface.ts";
import { type InputLine, inputLineOf, rowOfEnd, squashed } from "./input-line.ts";
import { isSamePane, lookAt, obstacleIn, type Pane, type Sight, stillAsSeen } from "./pane.ts";
import type { Tmux } from "./tmux-client.ts";

export interface Typing {
  readonly tmux: Tmux;
  readonly pane: Pane;
  readonly prompt: RegExp;
  /** The program that was in the foreground when typing was decided on. */
  readonly program: string;
  /** For the line to be shown, and again for Enter to be taken. */
  readonly timeoutMs: number;
  readonly cancelled: AbortSignal;
  /** Unique on this host: the user's own buffers are never touched. */
  readonly buffer: string;
}

const POLL_MS = 50;
/** Between the paste's echo and Enter: clients take a faster Enter for a part of the paste. */
const SETTLE_MS = 150;
const PASTES_TRIED_MAX = 3;
const ENTERS_MAX = 3;
/** Enter is sent again after this share of the time: a slow agent gets the chance to show that it took the first. */
const ENTER_AGAIN_SHARE = 1 / 4;

export const MOOT = "the doorbell became moot before it was rung";
const TYPED =
  "something is typed in the pane's input line already; the ring waits until that is sent or cleared";
const BUSY =
  "the pane shows no input line: the agent works, or its prompt is none of the usual (--tmux-prompt)";
const DIALOG = "a dialog is open in the pane, which Enter would answer";

type Line = InputLine & { readonly kind: "line" };

interface Wanted {
  /** As `squashed` leaves it. */
  readonly shown: string;
  /** How many characters were typed; unknown of a line that was found. */
  readonly chars: number | undefined;
}

/** What was seen when the line stood in the input, to compare with later. */
interface Echo {
  readonly sight: Sight;
  readonly line: Line;
}

/**
 * @param text one line without control characters
 * @param isOwn true for a line that an earlier ring left behind, which is sent instead of typing another
 */
export async function typeLine(
  typing: Typing,
  text: string,
  isOwn: (line: string) => boolean,
): Promise<RingOutcome> {
  for (let attempt = 1; attempt <= PASTES_TRIED_MAX; attempt += 1) {
    const seen = await look(typing);
    if (typeof seen === "string") return failed(seen);
    const { line, sight } = seen;
    if (line.kind === "none") return failed(BUSY);
    if (line.kind === "dialog") return failed(DIALOG);
    if (isOwn(line.typed)) return submit(typing, { shown: line.typed, chars: undefined });
    if (line.typed !== "") return failed(TYPED);
    if (typing.cancelled.aborted) return failed(MOOT);
    const pasted = await paste(typing, sight, text);
    if (typeof pasted === "string") return failed(pasted);
    if (pasted) return submit(typing, { shown: squashed(text), chars: text.length });
    await pause(POLL_MS, typing.cancelled);
  }
  return failed("the pane changed all the time, so nothing was typed into it");
}

/** Echo, then Enter; what can't be brought to an end is taken back. */
async function submit(typing: Typing, wanted: Wanted): Promise<RingOutcome> {
  const echo = await echoOf(typing, wanted.shown);
  const outcome = typeof echo === "string" ? failed(echo) : await enter(typing, wanted.shown, echo);
  if (outcome.kind === "failed") await retract(typing, wanted);
  return outcome;
}

/** Waits until the line, whole and alone, has stood in the input for a moment. */
async function echoOf(typing: Typing, wanted: string): Promise<Echo | string> {
  const deadlineMs = monotonicMs() + typing.timeoutMs;
  let sinceMs: number | undefined;
  let foreign = false;
  while (!typing.cancelled.aborted) {
    const seen = await look(typing);
    if (typeof seen === "string") return seen;
    const nowMs = monotonicMs();
    const typed = seen.line.kind === "line" ? seen.line.typed : "";
    if (seen.line.kind === "line" && typed === wanted) {
      sinceMs ??= nowMs;
      if (nowMs - sinceMs >= SETTLE_MS) return { sight: seen.sight, line: seen.line };
    } else {
      sinceMs = undefined;
      foreign = typed.includes(wanted);
    }
    if (foreign || nowMs >= deadlineMs) break;
    await pause(POLL_MS, typing.cancelled);
  }
  if (typing.cancelled.aborted) return MOOT;
  if (foreign) return "somebody types into the pane at this moment, so nothing was sent";
  return `the pane did not show the doorbell's line within ${typing.timeoutMs} ms, so Enter was not sent`;
}

async function enter(typing: Typing, wanted: string, echo: Echo): Promise<RingOutcome> {
  const deadlineMs = monotonicMs() + typing.timeoutMs;
  let enters = 0;
  let againAtMs = 0;
  let stands = true;
  while (!typing.cancelled.aborted) {
    const seen = await look(typing);
    // The agent may have ended because of what it was told; nothing shows that it took it.
    if (typeof seen === "string") return failed(`${seen}, and Enter was not seen to be taken`);
    if (enters > 0 && isTaken(seen.sight, seen.line, wanted, echo)) return takenIn(typing);
    const nowMs = monotonicMs();
    stands = seen.line.kind === "line" && seen.line.typed === wanted;
    if (stands && enters < ENTERS_MAX && nowMs >= againAtMs) {
      const sent = await press(typing, seen.sight, "Enter");
      if (typeof sent === "string") return failed(sent);
      if (sent) {
        enters += 1;
        againAtMs = nowMs + typing.timeoutMs * ENTER_AGAIN_SHARE;
      }
    }
    if (nowMs >= deadlineMs) break;
    await pause(POLL_MS, typing.cancelled);
  }
  if (typing.cancelled.aborted) {
    // A quick agent may have drained by now, which makes the ring moot because it was taken.
    const last = enters > 0 ? await look(typing) : MOOT;
    const isMoot = typeof last === "string" || !isTaken(last.sight, last.line, wanted, echo);
    return isMoot ? failed(MOOT) : takenIn(typing);
  }
  if (enters === 0) return failed("the pane changed before Enter could be sent");
  const times = enters === 1 ? "once" : `${enters} times`;
  return failed(
    stands
      ? `the agent did not take Enter, sent ${times} within ${typing.timeoutMs} ms`
      : `Enter was sent ${times}, but nothing in the pane shows that the agent took it`,
  );
}

function takenIn({ pane }: Typing): RingOutcome {
  return { kind: "taken", path: `bracketed paste and Enter in ${pane.id}` };
}

/**
 * Taken: an input line is there, and the text no longer on it. Or, where a program shows no prompt while it works:
 * the text still stands in its place, and the cursor has left it for the beginning of a row further below.
 */
function isTaken(sight: Sight, line: InputLine, wanted: string, echo: Echo): boolean {
  if (line.kind !== "line") return false;
  if (!line.typed.includes(wanted)) return true;
  if (!line.typed.startsWith(wanted) || !sight.cursor.visible || sight.cursor.x !== 0) return false;
  const below = sight.cursor.y - rowOfEnd(line, wanted.length);
  return below > 0 && below > echo.sight.cursor.y - rowOfEnd(echo.line, wanted.length);
}

/**
 * Takes the line back, if it is seen to stand alone or last: a line that is left for a person to send would ring
 * late, maybe for signals that are drained by then.
 */
async function retract(typing: Typing, { shown, chars }: Wanted): Promise<void> {
  if (chars === undefined) return;
  const seen = await look(typing);
  if (typeof seen === "string" || seen.line.kind !== "line" || !seen.line.typed.endsWith(shown)) return;
  // Alone, it may have got rows of its own from Enter; to erase more than there is does nothing.
  const rowsMax = seen.line.typed === shown ? ENTERS_MAX : 0;
  await press(typing, seen.sight, "-N", String(chars + rowsMax), "BSpace");
}

async function look(typing: Typing): Promise<{ readonly sight: Sight; readonly line: InputLine } | string> {
  const found = await lookAt(typing.tmux, typing.pane);
  if (!found.ok) return found.reason;
  const sight = found.value;
  if (!isSamePane(sight.pane, typing.pane)) return `pane ${typing.pane.id} was given to another program`;
  const obstacle = obstacleIn(sight, typing.program);
  return obstacle ?? { sight, line: inputLineOf(sight, typing.prompt) };
}

/** @returns whether the pane was still as seen and the line was pasted, or why tmux can't */
async function paste(typing: Typing, sight: Sight, text: string): Promise<boolean | string> {
  const { tmux, pane, buffer } = typing;
  const answer = await tmux.run(
    [
      ...["load-buffer", "-b", buffer, "-", ";", "if-shell", "-F", "-t", pane.id, stillAsSeen(sight)],
      `paste-buffer -p -r -d -b ${buffer} -t ${pane.id}`,
      `delete-buffer -b ${buffer} ; display-message -p held`,
    ],
    text,
  );
  if (answer.ok) return answer.out === "";
  // Whatever was in the way, the buffer is not to stay.
  await tmux.run(["delete-buffer", "-b", buffer]);
  return answer.reason;
}

/** @returns whether it was sent, or why tmux can't */
async function press(typing: Typing, sight: Sight, ...keys: readonly string[]): Promise<boolean | string> {
  const { id } = typing.pane;
  const send = `send-keys -t ${id} ${keys.join(" ")}`;
  const answer = await typing.tmux.run([
    ...["if-shell", "-F", "-t", id, stillAsSeen(sight), send, "display-message -p held"],
  ]);
  return answer.ok ? answer.out === "" : answer.reason;
}

export function failed(reason: string): RingOutcome {
  return { kind: "failed", reason };
}
