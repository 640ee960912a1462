/** A real journal: lines have their priority and fields there, and `prism logs` reads and follows them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXECUTABLE } from "../support/prism-process.ts";
import { type Machine, openMachine } from "./machine.ts";
import { fine, run, USER, untilSo } from "./place.ts";

let machine: Machine & { readonly program: string };
const prism = (...words: readonly string[]): Promise<string> => fine(machine, machine.program, ...words);
const journal = async (...matches: readonly string[]) => {
  const out = await fine(machine, "journalctl", "--quiet", "--no-pager", "--output=json", ...matches);
  return out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { readonly [field: string]: string });
};

beforeAll(async () => {
  machine = await openMachine(EXECUTABLE);
  await machine.boot();
  // What a login would do.
  await machine.root("systemctl", "start", `user@${USER.id}.service`);
  await fine(machine, "mkdir", "shop");
  await prism("service", "install", "hub");
});

afterAll(() => machine?.close());

test("a persona's lines are found by its name, a failure by its class, each as bad as it is", async () => {
  const daemon = ["--project", "shop", "--surface", "exec", "--exec-command", "exit 3"];
  await prism("service", "install", "daemon", "--persona", "reviewer", ...daemon);
  await prism("signal", "reviewer@shop", "come");
  const [failed] = await untilSo(
    () => journal("PRISM_PERSONA=reviewer", "PRISM_ERROR_CLASS=surface"),
    (records) => records.length > 0,
  );
  expect(failed).toMatchObject({
    ...{ PRISM_EVENT: "doorbellFailed", PRISM_CODE: "surface_failed", PRISM_PROJECT: "shop", PRIORITY: "4" },
    ...{ SYSLOG_IDENTIFIER: "prism", _TRANSPORT: "journal" },
    _SYSTEMD_USER_UNIT: "prism-daemon-local-reviewer.service",
  });
  const said = await prism("logs", "reviewer", "--level", "warn", "--json");
  expect(JSON.parse(said.split("\n")[0] ?? "")).toEqual(JSON.parse(failed?.["PRISM_LINE"] ?? ""));
});

test("what a unit of an older systemd can't say by itself, logger says for it", async () => {
  const words = [
    "daemon",
    "--persona",
    "old",
    "--project",
    "shop",
    "--surface",
    "exec",
    "--exec-command",
    "true",
  ];
  await run(
    machine,
    "sh",
    "-c",
    `${machine.program} ${words.join(" ")} --log-sink journal --until-eof </dev/null`,
  );
  const events = (await journal("PRISM_PERSONA=old")).map((record) => record["PRISM_EVENT"]);
  expect(events).toEqual(expect.arrayContaining(["daemonStarted", "daemonEnded"]));
});

test("logs --follow shows what comes, and ends in order when it is interrupted", async () => {
  const following = machine.begin([machine.program, "logs", "--follow", "--lines", "1", "--json"]);
  let said = "";
  following.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise((resolve) => following.once("close", resolve));
  await untilSo(
    async () => said,
    (text) => text !== "",
  );
  await fine(machine, "systemctl", "--user", "restart", "prism-daemon-local-reviewer");
  await untilSo(
    async () => said,
    (text) => text.includes('"daemonEnded"') && text.includes('"daemonStarted"'),
  );
  await fine(machine, "pkill", "-INT", "-f", "logs --follow");
  expect(await ended).toBe(0);
});
