import { expect, it } from "vitest";
import { isShell, lookAt, stillAsSeen } from "../../../../src/surfaces/pane/pane.ts";
import { Tmux } from "../../../../src/surfaces/pane/tmux-client.ts";
import { hasTmux, tmuxStage } from "../../../support/tmux-stage.ts";

it.runIf(hasTmux)("a condition holds only while the pane is as it was seen", async () => {
  const stage = tmuxStage();
  const { pane } = await stage.agent("plain");
  const seen = await lookAt(new Tmux({ socket: "prism", env: stage.env }), { id: pane });
  if (!seen.ok) throw new Error(seen.reason);
  const holds = () => stage.tmux("display-message", "-p", "-t", pane, stillAsSeen(seen.value)) === "1";
  expect(holds()).toBe(true);
  stage.tmux("copy-mode", "-t", pane);
  expect(holds()).toBe(false);
  stage.tmux("send-keys", "-t", pane, "-X", "cancel");
  expect(holds()).toBe(true);
  stage.tmux("set-option", "-w", "-t", pane, "synchronize-panes", "on");
  expect(holds()).toBe(false);
  stage.tmux("set-option", "-w", "-t", pane, "synchronize-panes", "off");
  stage.tmux("send-keys", "-t", pane, "x");
  await stage.shows(pane, "> x");
  expect(holds()).toBe(false);
  stage.tmux("send-keys", "-t", pane, "BSpace");
  await stage.shows(pane, /done\n>\s*$/);
  expect(holds()).toBe(true);
  stage.tmux("respawn-pane", "-k", "-t", pane, "exec cat");
  expect(holds()).toBe(false);
});

it("a shell is known by its name, as a login shell too", () => {
  expect(["bash", "-zsh", "sh", "fish"].filter(isShell)).toHaveLength(4);
  expect(["claude", "codex", "node", "ssh", "2.1.329", ""].filter(isShell)).toEqual([]);
});

it.runIf(hasTmux).each([
  ["a command in a plain shell, which stands before it", "sleep 1000", "sleep"],
  ["its path and arguments", "/bin/sleep 1000", "sleep"],
  ["a shell that a person asked for", "sh", "sh"],
  ["several commands, of which any may be a shell", "cd /; sh", "sh"],
])("the program of a pane that was started with %s", async (_what, command, program) => {
  const stage = tmuxStage();
  await stage.agent("plain");
  stage.tmux("set-option", "-g", "default-shell", "/bin/sh");
  const id = stage.tmux("new-session", "-d", "-P", "-F", "#{pane_id}", "-s", "other", command);
  const tmux = new Tmux({ socket: "prism", env: stage.env });
  for (;;) {
    const seen = await lookAt(tmux, { id });
    if (!seen.ok) throw new Error(seen.reason);
    if (seen.value.program !== "") {
      expect(seen.value.program).toBe(program);
      return;
    }
  }
});
