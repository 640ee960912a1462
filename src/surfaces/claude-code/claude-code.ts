/**
 * Surface `claude-code`: rings an agent that lives in Claude Code, along the ways that the client has for it, each
 * proven by a receipt of its hooks: its session's inbox, a hook that waits to wake it, a channel where that is
 * switched on, a tmux pane where one is named; and brings one back that is not there, where that is allowed. Holds
 * the configuration and puts the parts together.
 */
import type { Doorbell } from "../../domain/doorbell.ts";
import { PrismError } from "../../domain/errors.ts";
import { type Infer, maybe, object, oneOf, readShape, text } from "../../domain/shape.ts";
import { chosenWays, wayMembers } from "../chosen-ways.ts";
import { openPaneWay, type PaneWay, paneMembers } from "../pane/way.ts";
import { openFondness, partedMemory } from "../path-memory.ts";
import { PathRinger, type RingPath } from "../path-ringer.ts";
import type { RingOutcome, Surface, SurfaceContext, SurfaceReport } from "../surface.ts";
import { ANSWER_MS_MAX } from "./bounds.ts";
import { channelWay } from "./channel.ts";
import { Inbox } from "./inbox.ts";
import { checkAutonomy, PERMISSION_MODES } from "./launch.ts";
import { absence, CLIENT, lookAround, type Target } from "./look.ts";
import { ReplySockets } from "./reply-sockets.ts";
import { type ResumeMode, Resumer } from "./resume.ts";
import { wakeWay } from "./wake.ts";

const config = object({
  program: maybe(
    text({ bytesMax: 4096, about: "the client's program; by default claude, in the daemon's PATH" }),
  ),
  resume: maybe(
    oneOf(["off", "headless", "tmux"], "how an agent that is not there is brought back; by default off"),
  ),
  permissionMode: maybe(oneOf([...PERMISSION_MODES], "the permission mode of an agent that is brought back")),
  allowedTools: maybe(
    text({ bytesMax: 4096, about: "what it may do unasked, as in mcp__prism__prism_drain Bash(git *)" }),
  ),
  model: maybe(text({ bytesMax: 128, about: "its model, as in opus" })),
  channel: maybe(
    oneOf(
      ["off", "on"],
      "whether to ring through the agent's tool server as well, as a channel of the session",
    ),
  ),
  ...wayMembers,
  ...paneMembers,
});

export const configSchema = config.schema;
type ClaudeConfig = Infer<typeof config>;

export interface ClaudeTimings {
  /** How long a way's receipt may take. */
  readonly receiptMsMax: number;
  /** How long a turn that is under way is waited for; after that the schedule asks again. */
  readonly busyMsMax: number;
  /** How often such a turn is looked at: one that a person interrupts ends without a hook. */
  readonly lookAgainMs: number;
  /** How long a session that held a message back is left alone by the way of its inbox. */
  readonly heldMsMax: number;
}

const TIMINGS: ClaudeTimings = {
  // To its turn's first hook it takes 20 to 150 ms; on a host that is just swapping, seconds.
  receiptMsMax: 4000,
  busyMsMax: 10 * 60_000,
  lookAgainMs: 1000,
  // Each held message is one more question to a person.
  heldMsMax: 10 * 60_000,
};
/** What a ring may take beyond its waits, on a host that is busy. */
const MARGIN_MS = 5000;

/** @throws PrismError `invalid_argument`, `unknown_key`, `too_large` */
export function open(given: unknown, context: SurfaceContext, timings = TIMINGS): Surface {
  const settings = readShape(config, given, "the configuration of surface claude-code");
  checkAutonomy(settings);
  const pane = openPaneWay(settings, CLIENT, context);
  return surfaceOf(settings, pane, context, timings);
}

function surfaceOf(
  settings: ClaudeConfig,
  pane: PaneWay | undefined,
  context: SurfaceContext,
  { receiptMsMax, busyMsMax, lookAgainMs, heldMsMax }: ClaudeTimings,
): Surface {
  const { agent, env, root, persona, memory, log } = context;
  const part = partedMemory(memory);
  const replies = new ReplySockets(log);
  const gone = (session: string): void => agent.gone(session);
  const inbox = new Inbox({ gone, persona, env, replies, receiptMsMax, heldMsMax, log });
  const world = { agent, env, root, nowMs: Date.now };
  const mode = resumeMode(settings, pane);
  const resumer =
    mode === undefined
      ? undefined
      : new Resumer({
          ...{ mode, program: settings.program ?? "claude", autonomy: settings, context, nowMs: Date.now },
          memory: { guard: part("resume"), session: part("session") },
        });
  const ways: readonly RingPath<Target>[] = [
    inbox,
    wakeWay(agent, receiptMsMax, log),
    ...(settings.channel === "on" ? [channelWay(agent, receiptMsMax, log)] : []),
    ...(pane === undefined ? [] : [{ name: pane.name, receiptMsMax: 0, send: sendInto(pane) }]),
  ];
  const paths = chosenWays(CLIENT, settings.ringBy, { ways, known: ["inbox", "wake", "channel", "tmux"] });
  const ringer = new PathRinger<Target>({
    ...{ agent, paths, busyMsMax, lookAgainMs },
    fondness: openFondness(part("paths"), Date.now),
    versionOf: ({ session, file }) => session?.version ?? file?.version ?? "",
    async look() {
      inbox.forget(agent.sessions(CLIENT).map(({ id }) => id));
      const look = lookAround(world);
      if (look.kind !== "none" || pane === undefined) return look;
      return { ...look, target: { session: null, file: null } };
    },
    ...(resumer === undefined ? {} : { resume: (bell, called) => resumer.attempt(bell, called, false) }),
  });
  const receiptsMs = paths.reduce((sum, path) => sum + path.receiptMsMax, pane?.ringMsMax ?? 0);
  const resumeMs = mode === undefined ? 0 : mode.kind === "tmux" ? mode.pane.startMsMax : ANSWER_MS_MAX;

  const surface: Surface = {
    name: CLIENT,
    ringMsMax: busyMsMax + receiptsMs + resumeMs + MARGIN_MS,
    async ring(bell, cancelled) {
      const outcome = await ringer.ring(bell, cancelled);
      const { ring, attempt } = bell;
      const said = outcome.kind === "taken" ? outcome.path : outcome.reason;
      log("debug", "surfaceRang", {
        ...{ surface: CLIENT, purpose: "ring", ring, attempt, outcome: outcome.kind, said },
      });
      return outcome;
    },
    report(): SurfaceReport {
      const reports = ringer.report();
      const resume = resumer?.report() ?? null;
      if (agent.sessions(CLIENT).length > 0) return { paths: reports, resume };
      const reason = absence(world);
      const needing = reports.map((path) =>
        path.name === pane?.name ? path : { ...path, state: "unready" as const, reason },
      );
      return { paths: needing, resume };
    },
    async close() {
      await Promise.all([ringer.close(), resumer?.close(), replies.close()]);
    },
  };
  if (resumer === undefined) return surface;
  const resume = (bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> =>
    ringer.alone(cancelled, async (called) => {
      if (lookAround(world).kind === "none") return resumer.attempt(bell, called, true);
      return { kind: "failed", reason: "Claude Code is there already; notify_surface rings it" };
    });
  return { ...surface, resume };
}

function sendInto(pane: PaneWay): RingPath<Target>["send"] {
  return (bell, _target, cancelled) => pane.send(bell, cancelled);
}

function resumeMode({ resume }: ClaudeConfig, pane: PaneWay | undefined): ResumeMode | undefined {
  if (resume === "headless") return { kind: "headless" };
  if (resume !== "tmux") return undefined;
  if (pane?.isSession === true) return { kind: "tmux", pane };
  throw new PrismError(
    "invalid_argument",
    'surface claude-code resumes in tmux, but "tmuxTarget" names no session',
    {
      hint: "name the session that is to be started, as in --tmux-target reviewer, without : and .",
    },
  );
}
