/**
 * Two real agents in one tmux session, each idle at its prompt, and a third terminal in which a person signals one
 * of them: it wakes, drains and asks the other, which wakes, drains and answers. What a person sees of it is kept as
 * text in dist/clients, when PRISM_RECORD is set.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { EXECUTABLE, endStarted, run, scratch, start } from "../support/prism-process.ts";
import { until } from "../support/until.ts";
import { claudeHouse } from "./claude-code.ts";
import { codexHouse } from "./codex.ts";
import { installed } from "./install.ts";
import { mockModel as anthropic, call, say } from "./mock-anthropic.ts";
import { mockModel as openai } from "./mock-openai.ts";

const place = scratch();
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  endStarted();
  place.remove();
});

/** The reviewer, on Claude Code: what is asked of it, it asks the builder; what is answered, it takes note of. */
async function reviewer(prismHome: string) {
  const model = await anthropic(({ news, tools }) => {
    if (tools.length === 0) return [say("A review")];
    const id = /Signal 1 of 1.*, id ([\w-]+)/.exec(news)?.[1];
    if (id === undefined) {
      return /Prism: \d+ signals? waits?/.test(news)
        ? [say("A doorbell: I look what waits."), call("mcp__prism__prism_drain")]
        : [say("I wait for signals.")];
    }
    if (!news.includes("from planner@shop")) return [say("The builder has answered; nothing is open.")];
    const ask = { to: "builder@shop", text: "Does the parser build with the new grammar?" };
    return [say("I ask the builder."), call("mcp__prism__prism_signal", ask)];
  });
  const house = claudeHouse({
    binary: installed("claude-code").binary,
    modelUrl: model.url,
    env: { PRISM_HOME: prismHome },
  });
  closing.push(() => house.close(), model.close);
  return { model, house };
}

/** The builder, on Codex: it answers whoever asks, and ends the matter. */
async function builder(prismHome: string) {
  const model = await openai(({ news, tools }) => {
    if (tools.length === 0) return [{ say: "Building" }];
    const asked = /Signal 1 of 1: from ([\w@.-]+),.*, id ([\w-]+)/.exec(news);
    if (asked === null) {
      return /Prism: \d+ signals? waits?/.test(news)
        ? [{ call: "prism_drain", namespace: "mcp__prism", args: {} }]
        : [{ say: "I wait for signals." }];
    }
    const [, to, replyTo] = asked;
    const args = { to, replyTo, text: "It builds: 412 tests pass.", final: true };
    return [{ call: "prism_signal", namespace: "mcp__prism", args }];
  });
  const house = codexHouse({
    command: [installed("codex").binary],
    modelUrl: model.url,
    env: { PRISM_HOME: prismHome },
  });
  closing.push(() => house.close(), model.close);
  return { model, house };
}

function recorded(name: string, text: string): void {
  if (process.env["PRISM_RECORD"] === undefined) return;
  const folder = join(import.meta.dirname, "../../dist/clients");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.txt`), `${text}\n`);
}

test("a signal from a third terminal wakes an idle Claude Code, which asks an idle Codex, which answers", async () => {
  const home = place.folder("prism");
  const left = await reviewer(home);
  const right = await builder(home);
  for (const { project } of [left.house, right.house]) {
    writeFileSync(join(project, "prism.json"), '{"project": "shop"}');
  }
  await start(home, ["hub", "--listen", "127.0.0.1:0"]);
  const add = ["surface", "add"];
  const one = ["--persona", "reviewer", "--project", left.house.project];
  const two = ["--persona", "builder", "--project", right.house.project];
  expect(await run(home, [...add, "claude-code", ...one], { env: left.house.env })).toMatchObject({
    status: 0,
  });
  expect(await run(home, [...add, "codex", ...two], { env: right.house.env })).toMatchObject({ status: 0 });
  await right.house.serve();
  await right.house.trustHooks();
  await start(home, ["daemon", ...one], { env: left.house.env });
  await start(home, ["daemon", ...two], { env: right.house.env });

  const tmux = tmuxIn(place.folder("tmux"));
  closing.push(() => tmux.end());
  tmux.run(
    "new-session",
    "-d",
    "-s",
    "desk",
    "-x",
    "200",
    "-y",
    "50",
    "-c",
    left.house.project,
    "-n",
    "desk",
  );
  const panes = {
    claude: tmux.run("display-message", "-p", "-t", "desk", "#{pane_id}"),
    codex: tmux.run(..."split-window -h -P -F #{pane_id} -t desk".split(" "), "-c", right.house.project),
    person: tmux.run(..."split-window -v -f -l 14 -P -F #{pane_id} -t desk".split(" "), "-c", place.path),
  };
  const type = (pane: string, line: string): void => {
    tmux.run("send-keys", "-t", pane, "-l", "--", line);
    tmux.run("send-keys", "-t", pane, "Enter");
  };
  type(panes.claude, `clear; ${envLine(left.house.env)} ${installed("claude-code").binary}`);
  type(panes.codex, `clear; ${envLine(right.house.env)} codex`);
  type(
    panes.person,
    `clear; PS1='$ ' ${envLine({ PRISM_HOME: home, PATH: `${dirname(EXECUTABLE)}:/usr/bin:/bin`, TERM: "xterm-256color" })} sh`,
  );
  const screen = (pane: string): string => tmux.run("capture-pane", "-p", "-t", pane);
  await until(() => /❯/.test(screen(panes.claude)) && /for agents/.test(screen(panes.claude)));
  await until(() => /Ask Codex/.test(screen(panes.codex)));
  recorded("1-idle", tmux.picture());

  type(panes.person, 'prism signal reviewer@shop "Is the parser ready for review?" --from planner@shop');
  await until(() => left.model.requests.some(({ news }) => news.includes("It builds: 412 tests pass.")));
  const status = async () => JSON.parse((await run(home, ["status", "--json"])).out);
  for (;;) {
    const { here } = await status();
    if (here.every((one: { doorbell: { lastRungAtMs: number | null } }) => one.doorbell.lastRungAtMs)) break;
  }
  recorded("2-answered", tmux.picture());
  type(panes.person, "clear; prism status");
  await until(() => screen(panes.person).includes("Personas on"));
  recorded("3-status", tmux.picture());

  const { here } = await status();
  const paths = here.map((one: { surface: { name: string }; doorbell: { lastPath: string } }) => [
    one.surface.name,
    one.doorbell.lastPath,
  ]);
  expect(paths.sort()).toEqual([
    ["claude-code", expect.stringMatching(/inbox|turn boundary/)],
    ["codex", "queue"],
  ]);
  const history = JSON.parse(
    (await run(home, ["history", "--persona", "reviewer", "--project", "shop", "--json"])).out,
  );
  expect(history.signals.map(({ text, state }: { text: string; state: string }) => [text, state])).toEqual([
    ["It builds: 412 tests pass.", "drained"],
    ["Is the parser ready for review?", "drained"],
  ]);
});

function envLine(env: { readonly [name: string]: string }): string {
  const words = Object.entries(env).map(([name, value]) => `'${name}=${value}'`);
  return `env -i ${words.join(" ")}`;
}

function tmuxIn(folder: string) {
  const env = {
    PATH: process.env["PATH"] ?? "",
    TMUX_TMPDIR: folder,
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
  };
  const args = ["-u", "-L", "desk", "-f", "/dev/null"];
  const run = (...words: readonly string[]): string =>
    execFileSync("tmux", [...args, ...words], { env, encoding: "utf8" }).replace(/\n$/, "");
  return {
    run,
    /** The whole window as a person sees it: its panes side by side. */
    picture(): string {
      const panes = run("list-panes", "-t", "desk", "-F", "#{pane_id} #{pane_left} #{pane_top} #{pane_width}")
        .split("\n")
        .map((line) => line.split(" "));
      const rows = Array.from({ length: 50 }, () => Array.from({ length: 200 }, () => " "));
      for (const [id = "", left = "0", top = "0", width = "0"] of panes) {
        const lines = run("capture-pane", "-p", "-t", id).split("\n");
        lines.forEach((line, y) => {
          [...line].slice(0, Number(width)).forEach((char, x) => {
            const row = rows[Number(top) + y];
            if (row !== undefined) row[Number(left) + x] = char;
          });
        });
      }
      return rows.map((row) => row.join("").trimEnd()).join("\n");
    },
    end: () => spawnSync("tmux", [...args, "kill-server"], { env }),
  };
}
