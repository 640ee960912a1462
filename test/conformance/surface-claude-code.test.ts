import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import { type ClaudeTimings, open } from "../../src/surfaces/claude-code/claude-code.ts";
import { ClaudeSession, type ClaudeSessionOptions, openDesk } from "../support/claude-stage.ts";
import { contextWith } from "../support/surface-context.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";
import { type SurfaceOnStage, surfaceContract } from "./surface-contract.ts";

const PATIENT: ClaudeTimings = {
  receiptMsMax: 20_000,
  busyMsMax: 20_000,
  lookAgainMs: 10,
  heldMsMax: 20_000,
};
const HASTY: ClaudeTimings = { receiptMsMax: 60, busyMsMax: 60, lookAgainMs: 10, heldMsMax: 20_000 };

interface Staging extends Partial<ClaudeSessionOptions> {
  readonly timings?: ClaudeTimings;
  readonly config?: object;
  /** No session at all. */
  readonly isAlone?: boolean;
  /** A person has typed once: the session's permission mode is known. */
  readonly isUsed?: boolean;
}

interface Staged extends SurfaceOnStage {
  readonly session: ClaudeSession;
  readonly home: string;
}

async function staged(staging: Staging = {}): Promise<Staged> {
  const { timings = PATIENT, config = {}, isAlone, isUsed = true, ...more } = staging;
  const [home, project] = [tempDir(), tempDir()];
  const desk = openDesk();
  const session = new ClaudeSession({
    ...{ home, project, id: `session-${home.slice(-6)}` },
    hear: (params, gone) => desk.hook(params, gone),
    ...more,
  });
  if (isAlone !== true) {
    await session.begin();
    onTestFinished(() => session.end());
    if (isUsed) session.type("hello");
    await session.rests();
  }
  const env = { PATH: process.env["PATH"], HOME: home };
  const surface = open(config, contextWith({ env, root: project, agent: desk }), timings);
  const bells = () => session.prompts.filter((prompt) => prompt !== "hello");
  return { surface, rung: bells, session, home };
}

/** A program named claude that does this instead. */
function claudeThat(script: string): string {
  const program = join(tempDir(), "claude");
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o700);
  return program;
}

const failing = {
  "nobody there": {
    make: () => staged({ isAlone: true }),
    reason: /^no session of Claude Code is open in this project$/,
  },
  "a client whose hooks nobody hears": {
    async make() {
      const stage = await staged({ hear: () => ({ say: null, hold: false }) });
      return stage;
    },
    reason:
      /^Claude Code runs in this project \(process \d+\), but none of its hooks was heard: the folder is/,
  },
  "a client that takes nothing": {
    make: () => staged({ timings: HASTY, waits: false, fate: () => "drop" as const }),
    reason: /^inbox: no receipt came within 60 ms; wake: no hook of the session waits to wake it$/,
  },
  "a hook that ends and wakes nobody": {
    make: () => staged({ timings: HASTY, hasInbox: false, fate: () => "drop" as const }),
    reason:
      /^inbox: Claude Code 2\.1\.329 gave its hooks no inbox: .*; wake: no (receipt came within 60 ms|hook of)/,
  },
  "a session that holds messages back": {
    make: () => staged({ waits: false, fate: () => "hold" as const }),
    reason: /^inbox: the session's permission mode holds messages back until a person lets them through/,
  },
  "a session that bypasses permissions": {
    make: () => staged({ waits: false, mode: "bypassPermissions" }),
    reason: /^inbox: the session's permission mode holds messages back until a person lets them through/,
  },
  "an inbox of another protocol": {
    async make() {
      const stage = await staged({ waits: false });
      stage.session.show("idle", undefined, { peerProtocol: 7 });
      return stage;
    },
    reason: /^inbox: its inbox speaks version 7, and Prism 1; wake: /,
  },
  "a dialog that is open": {
    async make() {
      const stage = await staged({ timings: HASTY });
      stage.session.show("waiting", "permission prompt");
      return stage;
    },
    reason: /^a dialog is open in Claude Code \(permission prompt\), which a person must answer first$/,
  },
  "a turn without an end": {
    async make() {
      const stage = await staged({ timings: HASTY });
      stage.session.show("busy");
      return stage;
    },
    reason: /^Claude Code is at work, and is told when its turn ends$/,
  },
  "a pane that is not there": {
    make: () => staged({ isAlone: true, config: { tmuxTarget: "reviewer", tmuxSocket: "prism-nobody" } }),
    reason:
      /^no session of Claude Code .*; inbox: no session is known; .*; tmux: no tmux server runs on socket/,
  },
  "no program to resume": {
    make: () => staged({ isAlone: true, config: { resume: "headless", program: "/nowhere/claude" } }),
    reason: /claude could not be started: "\/nowhere\/claude" was not found$/,
  },
  "a client that is not logged in": {
    make: () =>
      staged({
        isAlone: true,
        config: {
          resume: "headless",
          program: claudeThat(
            `echo '{"type":"system","subtype":"init"}'; echo '{"type":"assistant","error":"authentication_failed"}'; echo '{"type":"result","subtype":"success","is_error":true,"result":"Not logged in. Please run /login"}'; exit 1`,
          ),
        },
      }),
    reason: /claude ended with status 1: Not logged in\. Please run \/login$/,
  },
  "a client that only complains": {
    make: () =>
      staged({
        isAlone: true,
        config: { resume: "headless", program: claudeThat("echo error: unknown option >&2; exit 2") },
      }),
    reason: /claude ended with status 2: error: unknown option$/,
  },
};

async function stuck() {
  const stage = await staged({ waits: false, fate: () => "drop" });
  return {
    ...stage,
    begun: () => until(() => stage.session.arrived.length > 0),
    async left() {
      const own = join(stage.home, "s", `${process.pid}.sock`);
      if (existsSync(own)) throw new Error("a socket was left");
    },
  };
}

describe("by the session's inbox", () => {
  surfaceContract("claude-code", { taking: () => staged({ waits: false }), failing, stuck });
});

describe("by a hook that waits", () => {
  surfaceContract("claude-code", { taking: () => staged({ hasInbox: false }), failing: {}, stuck });
});

describe("by starting it headless", () => {
  surfaceContract("claude-code", {
    async taking() {
      const folder = tempDir();
      mkdirSync(join(folder, "seen"));
      const program = claudeThat(
        `n=$(ls ${folder}/seen | wc -l); printf '%s' "$2" > ${folder}/seen/$n; echo '{"type":"assistant","message":{}}'; echo '{"type":"result","subtype":"success","is_error":false,"result":"ok"}'`,
      );
      const stage = await staged({ isAlone: true, config: { resume: "headless", program } });
      const { readdirSync, readFileSync } = await import("node:fs");
      const rung = () =>
        readdirSync(join(folder, "seen"))
          .sort()
          .map((name) => readFileSync(join(folder, "seen", name), "utf8"));
      return { ...stage, surface: settledBetween(stage.surface), rung };
    },
    failing: {},
    async stuck() {
      const folder = tempDir();
      const program = claudeThat(`touch ${folder}/up; exec sleep 60`);
      const stage = await staged({ isAlone: true, config: { resume: "headless", program } });
      return { ...stage, begun: () => until(() => existsSync(join(folder, "up"))) };
    },
  });
});

/** A headless agent's turn goes on after its ring was taken; the next ring would find it at work. */
function settledBetween(surface: SurfaceOnStage["surface"]): SurfaceOnStage["surface"] {
  return {
    ...surface,
    async ring(bell, cancelled) {
      for (;;) {
        const outcome = await surface.ring(bell, cancelled);
        if (outcome.kind === "taken" || !outcome.reason.includes("still at work")) return outcome;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}
