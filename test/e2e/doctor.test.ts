/** What an operator sees when something is amiss: the sentence, the remedy, the exit status; and that the remedy works. */
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { treeOf } from "../support/doctor-stage.ts";
import {
  EXECUTABLE,
  endStarted,
  type Program,
  type RunOptions,
  run,
  scratch,
  start,
} from "../support/prism-process.ts";

const place = scratch();
const posix = process.platform !== "win32";

interface Check {
  readonly name: string;
  readonly verdict: string;
  readonly finding: string;
  readonly remedy?: string;
  readonly fix?: string;
}

async function look(home: string, words: readonly string[] = [], options: RunOptions = {}) {
  const { status, out, err } = await run(home, ["doctor", "--json", ...words], options);
  expect(err).toBe("");
  const { well, checks, did } = JSON.parse(out) as {
    well: boolean;
    checks: readonly Check[];
    did: readonly { readonly does: string; readonly failure: string | null }[];
  };
  return { status, well, did, of: (name: string) => checks.find((check) => check.name === name) };
}

const hubAt = (home: string, ...words: string[]) => start(home, ["hub", "--listen", "127.0.0.1:0", ...words]);

afterAll(() => {
  endStarted();
  place.remove();
});

test("without a hub: how to start one; and with it all is well", async () => {
  const home = place.folder("no-hub");
  chmodSync(home, 0o700);
  writeFileSync(join(home, "hub.json"), JSON.stringify({ url: "http://127.0.0.1:9" }), { mode: 0o600 });
  const before = await look(home);
  expect(before).toMatchObject({ status: 69, well: false });
  expect(before.of("hub")).toMatchObject({
    verdict: "fail",
    finding: "the hub at http://127.0.0.1:9 does not answer: nobody listens there",
    remedy: 'start it: "prism hub"',
  });
  const hub = await hubAt(home);
  expect(await look(home)).toMatchObject({ status: 0, well: true });
  await hub.kill("SIGTERM");
});

describe("with a hub", () => {
  const home = place.folder("home");
  const shop = place.folder("shop");
  let hub: Program;
  beforeAll(async () => {
    chmodSync(home, 0o700);
    hub = await hubAt(home);
  });

  /** A verb for which the command line wants a service manager, too. */
  async function ask(verb: string, params: object): Promise<void> {
    const token = readFileSync(join(home, "token"), "utf8").trim();
    const answer = await fetch(`${hub.facts["url"]}/v1/${verb}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(params),
    });
    expect(answer.status, await answer.text()).toBe(200);
  }

  test("nothing is changed without --fix, on disk or at the hub", async () => {
    const status = async () => {
      const { hub: _, ...rest } = JSON.parse((await run(home, ["status", "--json"])).out);
      return rest;
    };
    const [files, known] = [treeOf(home), await status()];
    await look(home);
    await run(home, ["doctor"]);
    expect([treeOf(home), await status()]).toEqual([files, known]);
  });

  test.runIf(posix)("a token that others can read: 77, and its own remedy mends it", async () => {
    chmodSync(join(home, "token"), 0o644);
    const open = await look(home);
    expect(open.status).toBe(77);
    expect(open.of("token")?.finding).toContain("can be read by others");
    const command = open.of("token")?.remedy?.match(/chmod 600 "(.+)"/)?.[1] ?? "";
    chmodSync(command, 0o600);
    expect((await look(home)).status).toBe(0);
  });

  test.runIf(posix)(
    "--fix closes what is open and takes away what a killed daemon left, and says each",
    async () => {
      const words = [
        "daemon",
        "--persona",
        "reviewer",
        "--project",
        shop,
        "--surface",
        "exec",
        "--exec-command",
        "true",
      ];
      const daemon = await start(home, words);
      await daemon.kill("SIGKILL");
      chmodSync(join(home, "state"), 0o755);
      const before = await look(home);
      expect(before.status).toBe(0);
      expect(before.of("daemon reviewer@shop")).toMatchObject({
        verdict: "warn",
        finding: expect.stringContaining("did not end in order"),
      });
      const after = await look(home, ["--fix"]);
      expect(after.did.map(({ does, failure }) => [does, failure])).toEqual([
        [before.of("modes")?.fix, null],
        [before.of("left reviewer@shop")?.fix, null],
      ]);
      expect([after.of("modes")?.verdict, after.of("daemon reviewer@shop")?.verdict]).toEqual(["ok", "note"]);
      const again = await start(home, words);
      expect((await look(home)).of("daemon reviewer@shop")).toMatchObject({ verdict: "ok" });
      await again.kill("SIGTERM");
    },
  );

  test("a broken configuration: 78, and the rest of the page all the same", async () => {
    writeFileSync(join(home, "config.json"), '{"huub": "127.0.0.1:1"}', { mode: 0o600 });
    const broken = await look(home);
    expect(broken.status).toBe(78);
    expect(broken.of("settings")).toMatchObject({
      verdict: "fail",
      finding: expect.stringContaining('unknown key "huub"'),
      remedy: 'did you mean "hub"?',
    });
    expect(broken.of("access")?.verdict).toBe("ok");
    rmSync(join(home, "config.json"));
    expect((await look(home)).status).toBe(0);
  });

  test("a token that the hub does not know: 77", async () => {
    const path = join(place.path, "strange-token");
    writeFileSync(path, "not-the-hubs\n", { mode: 0o600 });
    const strange = await look(home, ["--token-file", path]);
    expect(strange.status).toBe(77);
    expect(strange.of("access")?.finding).toContain("does not know the token in");
  });

  test("an archived persona: who is off duty, and how to have it back", async () => {
    const planner = { persona: "planner", project: "shop" };
    await ask("persona_create", { ...planner, tokenSha256: "a".repeat(64) });
    await ask("persona_archive", planner);
    const off = await look(home);
    expect(off).toMatchObject({ status: 0 });
    expect(off.of("persona planner@shop")).toMatchObject({
      verdict: "note",
      finding: expect.stringContaining("off duty"),
      remedy: "to have it on duty again: prism persona restore planner@shop",
    });
    await ask("persona_restore", planner);
    expect((await look(home)).of("persona planner@shop")).toBeUndefined();
  });

  test.runIf(process.getuid?.() === 0)("somebody else's home: 77, and nothing of it is told", async () => {
    const command = join(place.path, "prism-for-nobody");
    copyFileSync(EXECUTABLE, command);
    chmodSync(command, 0o755);
    const foreign = await look(home, [], { uid: 65_534, command, cwd: "/" });
    expect(foreign.status).toBe(77);
    expect(foreign.of("home")?.finding).toContain("belongs to another user (uid 0)");
  });
});

test.runIf(process.platform === "linux")(
  "an executable that is gone under its hub: a warning, and how to go on",
  async () => {
    const home = place.folder("gone");
    chmodSync(home, 0o700);
    const own = join(place.folder("bin"), "prism");
    copyFileSync(EXECUTABLE, own);
    chmodSync(own, 0o755);
    const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"], { command: own });
    rmSync(own);
    const { status, of } = await look(home);
    expect(status).toBe(0);
    expect(of("running")).toMatchObject({
      verdict: "warn",
      finding: expect.stringContaining(`runs ${own}, which is not there any more`),
      remedy: `start it anew: kill ${hub.pid}, then as you started it`,
    });
    await hub.kill("SIGTERM");
  },
);

test.runIf(process.platform === "linux")(
  "a service whose program is gone, and a manager that hangs",
  async () => {
    const home = place.folder("kept");
    const bin = place.folder("fake-bin");
    const units = place.folder("systemd/user");
    chmodSync(home, 0o700);
    const systemctl = (script: string): void => {
      writeFileSync(join(bin, "systemctl"), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, "systemctl"), 0o755);
    };
    const env = { PATH: `${bin}:${process.env["PATH"]}` };
    const unit = `# prism-service ${JSON.stringify({ kind: "hub", home })}\n[Service]\nExecStart=:"/nowhere/prism" "hub"\n`;
    writeFileSync(join(units, "prism-hub.service"), unit);
    systemctl(
      `case "$*" in *UnitPath*) echo "UnitPath=${units}" ;; --version) echo "systemd 252" ;; *) echo LoadState=loaded ;; esac`,
    );
    const gone = await look(home, [], { env });
    expect(gone.of("service prism-hub")).toMatchObject({
      verdict: "fail",
      finding: "the hub is to be started by /nowhere/prism, which does not exist",
      remedy: "have it started by a program that does: prism service install hub",
    });
    systemctl("exec sleep 600");
    expect((await look(home, [], { env })).of("launcher")).toMatchObject({
      verdict: "note",
      finding: expect.stringContaining("did not end within 3 s"),
    });
  },
);
