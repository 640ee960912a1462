/** `prism top`, `watch` and `status` of the built executable: before a real hub and real daemons, in a real terminal. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXECUTABLE, endStarted, type Program, run, scratch, start } from "../support/prism-process.ts";
import { hasTmux, tmuxStage, withoutTmux } from "../support/tmux-stage.ts";
import { until } from "../support/until.ts";

let files: ReturnType<typeof scratch>;
let home: string;
let hub: Program;

beforeEach(async () => {
  files = scratch();
  home = files.folder("home");
  hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
});
afterEach(() => {
  endStarted();
  files.remove();
});

async function daemon(persona: string): Promise<Program> {
  const surface = ["--surface", "exec", "--exec-command", "true"];
  return start(home, ["daemon", "--persona", persona, "--project", files.folder("shop"), ...surface]);
}

async function signal(to: string): Promise<void> {
  expect((await run(home, ["signal", to, "look", "--from", "planner@shop"])).status).toBe(0);
}

/** A shell in a terminal of this size; what is typed there is typed by a person. */
function shell(columns: number, rows: number) {
  const stage = tmuxStage();
  stage.tmux(
    ...["new-session", "-d", "-s", "t", "-x", String(columns), "-y", String(rows)],
    ...["env", "-i", `PATH=${process.env["PATH"]}`, `PRISM_HOME=${home}`, "LANG=C.UTF-8", "TERM=screen"],
    ...["PS1=ready> ", "bash", "--norc", "--noprofile", "-i"],
  );
  return {
    press: (...keys: readonly string[]) => stage.tmux("send-keys", "-t", "t", ...keys),
    shows: (what: string | RegExp) => stage.shows("t", what),
    screen: () => stage.screen("t"),
    resize: (wide: number, high: number) =>
      stage.tmux("resize-window", "-t", "t", "-x", String(wide), "-y", String(high)),
    /** Alternate screen, cursor, wrapping: as a shell needs them is `0 1 1`. */
    modes: () => stage.tmux("display", "-p", "-t", "t", "#{alternate_on} #{cursor_flag} #{wrap_flag}"),
    pid: () => Number(stage.tmux("display", "-p", "-t", "t", "#{pane_pid}")),
    hangUp: () => stage.tmux("kill-session", "-t", "t"),
  };
}

const TOP = `${EXECUTABLE} top; echo "left $?"`;

describe.skipIf(!hasTmux)(`prism top in a terminal${withoutTmux}`, () => {
  test("shows who is there, obeys keys and sizes, and leaves the terminal as it was", async () => {
    await Promise.all([daemon("reviewer"), daemon("planner")]);
    const terminal = shell(100, 24);
    await terminal.shows("ready>");
    terminal.press(TOP, "Enter");
    await terminal.shows(/› ● Well +planner@shop/);
    expect(terminal.modes()).toBe("1 0 0");
    await signal("reviewer@shop");
    await terminal.shows(/◐ Waiting +reviewer@shop .* 1 /);
    terminal.press("j", "Enter");
    await terminal.shows(/Folder +.*shop/);
    // An Escape with a letter right behind it would be the Alt key.
    terminal.press("Escape");
    await terminal.shows("Standing");
    terminal.press("/", "viewer", "Enter");
    await terminal.shows("1 of 2 shown");
    expect(terminal.screen()).not.toContain("planner@shop");
    terminal.press("Escape");
    await terminal.shows("planner@shop");
    terminal.resize(44, 12);
    await terminal.shows(/^› .*\n.*\n/m);
    for (const line of terminal.screen().split("\n")) expect(line.length).toBeLessThanOrEqual(44);
    terminal.resize(120, 30);
    await terminal.shows("Last ring");
    terminal.press("q");
    await terminal.shows("left 0");
    expect(terminal.modes()).toBe("0 1 1");
  });

  test("says who is silent, and that the hub is gone", async () => {
    const silent = await daemon("reviewer");
    const terminal = shell(100, 24);
    await terminal.shows("ready>");
    terminal.press(TOP, "Enter");
    await terminal.shows(/Well +reviewer@shop/);
    terminal.press("e");
    process.kill(silent.pid, "SIGSTOP");
    await terminal.shows(/Deaf +reviewer@shop +no answer/);
    await terminal.shows(/reviewer@shop +daemon does not answer/);
    process.kill(silent.pid, "SIGCONT");
    await terminal.shows(/Well +reviewer@shop +connected/);
    await hub.kill("SIGKILL");
    await terminal.shows("The hub does not answer");
    await terminal.shows("check that the hub runs");
    terminal.press("C-c");
    await terminal.shows("left 0");
    expect(terminal.modes()).toBe("0 1 1");
  });

  test("gives the terminal back to a shell that stops it, and to whoever ends it", async () => {
    await daemon("reviewer");
    const terminal = shell(100, 24);
    await terminal.shows("ready>");
    terminal.press(`${EXECUTABLE} top`, "Enter");
    await terminal.shows(/Well +reviewer@shop/);
    terminal.press("C-z");
    await terminal.shows("Stopped");
    expect(terminal.modes()).toBe("0 1 1");
    terminal.press("fg", "Enter");
    await terminal.shows(/Well +reviewer@shop/);
    terminal.press("C-z");
    await terminal.shows("Stopped");
    terminal.press("kill %1; fg; clear; echo ended", "Enter");
    await terminal.shows(/^ended/m);
    expect(terminal.modes()).toBe("0 1 1");
  });

  test("ends when its terminal is taken away", async () => {
    await daemon("reviewer");
    const terminal = shell(100, 24);
    await terminal.shows("ready>");
    const pid = terminal.pid();
    terminal.press(`exec ${EXECUTABLE} top`, "Enter");
    await terminal.shows(/Well +reviewer@shop/);
    terminal.hangUp();
    await until(() => !isAlive(pid));
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("prism top without a terminal", () => {
  test("says in one sentence what to use instead, prints one picture, and streams", async () => {
    await daemon("reviewer");
    expect(await run(home, ["top"])).toEqual({
      status: 69,
      out: "",
      err: "prism: prism top needs a terminal to draw on, and to read keys from\n  hint: prism top --once prints it, prism status --json and prism watch --json are for programs\n",
    });
    const { out } = await run(home, ["top", "--once"]);
    expect(out).toMatch(/● Well +reviewer@shop +connected/);
    expect(out).not.toContain("\u001b");
    const stream = await start(home, ["top", "--interval", "250ms"]);
    expect(stream.facts).toMatchObject({
      hub: { answers: true },
      personas: [{ key: "local/reviewer@shop" }],
    });
    expect(JSON.parse(await stream.nextLine())).toHaveProperty("personas");
    expect(await stream.kill("SIGINT")).toBe(0);
  });
});

describe("prism watch", () => {
  test("follows what happens, also through a daemon's restart, until it is told to stop", async () => {
    const first = await daemon("reviewer");
    const watcher = spawn(EXECUTABLE, ["watch", "reviewer", "--json"], {
      env: { PATH: process.env["PATH"], PRISM_HOME: home },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const heard: { name: string; key: string }[] = [];
    createInterface({ input: watcher.stdout }).on("line", (line) => heard.push(JSON.parse(line)));
    const hears = (name: string) => until(() => heard.some((each) => each.name === name));
    const ended = new Promise((resolve) => watcher.once("exit", resolve));
    // It hears from its first look on: what is told before that is nobody's loss.
    await until(async () => {
      await signal("reviewer@shop");
      return heard.some(({ name }) => name === "waits");
    });
    await hears("rung");
    await first.kill("SIGKILL");
    await hears("down");
    await daemon("reviewer");
    await hears("up");
    expect(new Set(heard.map(({ key }) => key))).toEqual(new Set(["local/reviewer@shop"]));
    watcher.kill("SIGINT");
    expect(await ended).toBe(0);
  });

  test("knows whom it can't know, and ends with its reader", async () => {
    const one = await daemon("reviewer");
    expect(await run(home, ["watch", "reviever"])).toMatchObject({
      status: 66,
      err: expect.stringContaining("did you mean reviewer@shop?"),
    });
    const watcher = spawn(EXECUTABLE, ["watch", "--json"], {
      env: { PATH: process.env["PATH"], PRISM_HOME: home },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => watcher.once("exit", resolve));
    const first = new Promise((resolve) => watcher.stdout.once("data", resolve));
    let isRead = false;
    void first.then(() => {
      isRead = true;
      watcher.stdout.destroy();
    });
    await until(async () => {
      await signal("reviewer@shop");
      return isRead;
    });
    await one.kill("SIGKILL");
    await ended;
  });
});

describe("prism status", () => {
  test("has this host's personas first, and still has them when the hub is gone", async () => {
    await daemon("reviewer");
    const { out } = await run(home, ["status"]);
    expect(out).toMatch(
      /^The persona here is heard\. nothing waits\n\nPersonas on \S+\n +Standing.*\n {2}● Well +reviewer@shop .*\n\nhub http/,
    );
    expect(JSON.parse((await run(home, ["status", "--json"])).out)).toMatchObject({
      here: [{ persona: "reviewer" }],
      personas: [{ key: "local/reviewer@shop", standing: "well" }],
    });
    await hub.kill("SIGKILL");
    const alone = await run(home, ["status"]);
    expect(alone).toMatchObject({ status: 69, err: expect.stringContaining("start it with") });
    expect(alone.out).toContain("reviewer@shop");
  });
});
