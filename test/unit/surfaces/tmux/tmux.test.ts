import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bellWords } from "../../../../src/domain/bell-words.ts";
import { bellOf } from "../../../support/ipc-stage.ts";
import type { AgentMode } from "../../../support/pane-agent.ts";
import { allEnded } from "../../../support/process-ended.ts";
import { contextWith, openSurface } from "../../../support/surface-context.ts";
import { tempDir } from "../../../support/temp-dir.ts";
import { hasTmux, tmuxStage } from "../../../support/tmux-stage.ts";
import { until } from "../../../support/until.ts";

const never = new AbortController().signal;
const bell = bellOf(1);
const words = bellWords(bell);
const TAKEN = { kind: "taken", path: "bracketed paste and Enter in %0" };

const failedFor = (reason: RegExp) => ({ kind: "failed", reason: expect.stringMatching(reason) });

async function staged(mode: AgentMode, config = {}) {
  const stage = tmuxStage();
  const agent = await stage.agent(mode);
  return { stage, agent, surface: await stage.surface(config) };
}

describe.runIf(hasTmux)("an agent in a pane", () => {
  it.each<[AgentMode, string]>([
    ["framed", "draws a frame, a placeholder and a cursor of its own"],
    ["swallows", "loses the first Enter"],
    ["slow", "hears everything half a second late"],
    ["quiet", "shows no prompt while it works"],
  ])("is rung with one line if it is %s: %s", async (mode) => {
    const { surface, agent } = await staged(mode);
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    expect(agent.seen()).toEqual([words]);
  });

  it("is rung again and again where every screen holds the lines of earlier rings", async () => {
    const { surface, agent } = await staged("framed");
    for (const _ of [1, 2, 3]) expect(await surface.ring(bell, never)).toEqual(TAKEN);
    expect(agent.seen()).toEqual([words, words, words]);
  });

  it.each<AgentMode>(["plain", "framed"])(
    "that is %s is rung in a narrow pane, over several rows",
    async (mode) => {
      const { stage, surface, agent } = await staged(mode);
      stage.tmux("resize-window", "-t", "agent", "-x", "40", "-y", "20");
      expect(await surface.ring(bell, never)).toEqual(TAKEN);
      expect(agent.seen()).toEqual([words]);
    },
  );

  it("is told apart from one that makes Enter a new row, and left with an empty line", async () => {
    const { stage, surface, agent } = await staged("newline", { timeoutMs: 2400 });
    expect(await surface.ring(bell, never)).toEqual(failedFor(/^the agent did not take Enter, sent 3 times/));
    await stage.shows("agent", /done\n>\s*$/);
    expect(agent.seen()).toEqual([]);
  });

  it("that ends at Enter has taken nothing", async () => {
    const { surface } = await staged("dies");
    expect(await surface.ring(bell, never)).toEqual(failedFor(/and Enter was not seen to be taken$/));
  });

  it("gets no Enter once it has opened a dialog over the line", async () => {
    const { stage, surface, agent } = await staged("pops", { timeoutMs: 400 });
    expect(await surface.ring(bell, never)).toEqual(failedFor(/so Enter was not sent$/));
    expect(await surface.ring(bell, never)).toEqual(failedFor(/^a dialog is open/));
    expect(agent.seen()).toEqual([]);
    expect(stage.screen("agent")).toContain("1. Yes");
  });

  it("with a prompt of its own is rung once that is named", async () => {
    const { stage, surface, agent } = await staged("odd");
    stage.tmux("clear-history", "-t", "agent");
    expect(await surface.ring(bell, never)).toMatchObject({ kind: "failed" });
    const named = await stage.surface({ prompt: "say:" });
    expect(await named.ring(bell, never)).toEqual(TAKEN);
    expect(agent.seen()).toEqual([words]);
  });
});

describe.runIf(hasTmux)("a person at the pane", () => {
  it("keeps a half-written line, and the ring is taken once it is cleared", async () => {
    const { stage, surface, agent } = await staged("plain");
    stage.tmux("send-keys", "-t", "agent", "fix");
    await stage.shows("agent", "> fix");
    expect(await surface.ring(bell, never)).toEqual(failedFor(/^something is typed/));
    expect(stage.screen("agent")).toContain("> fix");
    stage.tmux("send-keys", "-t", "agent", "-N", "3", "BSpace");
    await stage.shows("agent", /done\n>\s*$/);
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    expect(agent.seen()).toEqual([words]);
  });

  it("who begins to type at the same moment keeps that, and nothing is sent", async () => {
    const { stage, surface, agent } = await staged("slow");
    const ringing = surface.ring(bell, never);
    stage.tmux("send-keys", "-t", "agent", "wait");
    expect(await ringing).toEqual(failedFor(/^(somebody types|something is typed)/));
    await stage.shows("agent", "wait");
    expect(agent.seen()).toEqual([]);
  });

  it("keeps the paste buffers", async () => {
    const { stage, surface } = await staged("plain");
    stage.tmux("set-buffer", "mine");
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    expect(stage.tmux("list-buffers", "-F", "#{buffer_sample}")).toBe("mine");
  });

  it("finds no line that was called off", async () => {
    const { stage, surface, agent } = await staged("never", { timeoutMs: 60_000 });
    const cancel = new AbortController();
    const ringing = surface.ring(bell, cancel.signal);
    await stage.shows("agent", "Prism:");
    cancel.abort();
    expect(await ringing).toEqual(failedFor(/moot/));
    await stage.shows("agent", /done\n>\s*$/);
    expect(agent.seen()).toEqual([]);
  });

  it("need not send what an earlier daemon left on the line: it is sent, not typed twice", async () => {
    const { stage, surface, agent } = await staged("plain");
    const left = bellWords(bellOf(1, { open: 3, senders: [{ from: "ci@shop", count: 3 }] }));
    stage.tmux("send-keys", "-l", "-t", "agent", left);
    await stage.shows("agent", "project shop");
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    expect(agent.seen()).toEqual([left]);
  });
});

describe.runIf(hasTmux)("a pane once rung", () => {
  it("is the one that is rung, whatever it is called and wherever it stands by then", async () => {
    const { stage, surface, agent } = await staged("plain");
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    stage.tmux("rename-session", "-t", "agent", "old");
    const other = await stage.agent("plain", "agent");
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    expect([agent.seen().length, other.seen().length]).toEqual([2, 0]);
    stage.tmux("swap-pane", "-d", "-s", agent.pane, "-t", other.pane);
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    expect([agent.seen().length, other.seen().length]).toEqual([3, 0]);
  });

  it("gives way to the one that the target means, once its program is gone", async () => {
    const { stage, surface, agent } = await staged("plain");
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    const keeper = await stage.agent("plain", "keeper");
    stage.tmux("kill-session", "-t", "agent");
    expect(await surface.ring(bell, never)).toEqual(failedFor(/^there is no tmux session "agent"/));
    const next = await stage.agent("plain", "agent");
    expect(await surface.ring(bell, never)).toEqual({
      ...TAKEN,
      path: `bracketed paste and Enter in ${next.pane}`,
    });
    expect([agent, keeper, next].map(({ seen }) => seen().length)).toEqual([1, 0, 1]);
  });

  it("is not rung blindly when another program got it", async () => {
    const { stage, surface } = await staged("plain");
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    stage.tmux("respawn-pane", "-k", "-t", "agent", "printf '> '; exec cat");
    await until(
      () => stage.tmux("display-message", "-p", "-t", "agent", "#{pane_current_command}") === "cat",
    );
    await stage.shows("agent", ">");
    expect(await surface.ring(bell, never)).toEqual(failedFor(/^pane %0 runs cat, not node/));
  });

  it("by number is not looked for in another server", async () => {
    const { stage, surface, agent } = await staged("plain", { target: "%0" });
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    const server = Number(stage.tmux("display-message", "-p", "#{pid}"));
    stage.tmux("kill-server");
    await allEnded([server]);
    const next = await stage.agent("plain");
    expect(next.pane).toBe(agent.pane);
    expect(await surface.ring(bell, never)).toEqual(
      failedFor(/^the tmux server was started anew, so %0 is another/),
    );
    expect(next.seen()).toEqual([]);
  });

  it.each(["agent:0", "agent:0.0", "agent:work", "agent:work.0"])("may be named %s", async (target) => {
    const { stage, surface } = await staged("plain", { target });
    stage.tmux("rename-window", "-t", "agent", "work");
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
  });
});

describe.runIf(hasTmux)("a shell", () => {
  it("is rung where it is named, and runs nothing but a name that does not exist", async () => {
    const stage = tmuxStage();
    stage.tmux("new-session", "-d", "-s", "agent", "-c", "/", "-e", "ENV=", "/bin/sh");
    await stage.shows("agent", /[$#]/);
    const surface = await stage.surface({ program: "sh" });
    expect(await surface.ring(bell, never)).toEqual(TAKEN);
    expect(stage.screen("agent")).toMatch(/Prism::? (command )?not found/);
  });
});

describe("tmux", () => {
  it("is called for the server named prism, without what leads to another one, and without secrets", async () => {
    const bin = tempDir();
    const script = `#!/bin/sh\ncase $1 in -V) echo tmux 3.3a;; *) echo "$@" >> ${bin}/called; env >> ${bin}/env; exit 1;; esac\n`;
    writeFileSync(join(bin, "tmux"), script);
    chmodSync(join(bin, "tmux"), 0o700);
    const env = {
      PATH: `${bin}:/usr/bin:/bin`,
      TMUX: "/tmp/x,1,0",
      TMUX_PANE: "%5",
      PRISM_TOKEN: "s3cret",
      KEPT: "1",
    };
    const surface = await openSurface("tmux", { target: "agent" }, contextWith({ env }));
    expect(existsSync(join(bin, "called"))).toBe(false);
    expect(await surface.ring(bell, never)).toEqual({
      kind: "failed",
      reason: "tmux failed (without a word)",
    });
    expect(readFileSync(join(bin, "called"), "utf8")).toMatch(/^-u -L prism list-panes /);
    const seen = readFileSync(join(bin, "env"), "utf8");
    expect(seen).toContain("KEPT=1");
    expect(seen).not.toMatch(/TMUX|s3cret/);
    await surface.close();
  });
});
