/**
 * The main job, with the built executable and nothing else: `prism up` where there is no terminal, the same
 * path by hand through separate processes, and the shapes that `--json` prints.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { EXECUTABLE, endStarted, type Program, run, scratch, start } from "../support/prism-process.ts";
import { untilSo } from "../support/until.ts";

const place = scratch();
afterAll(() => {
  endStarted();
  place.remove();
});

async function registered(home: string, address: string): Promise<void> {
  await untilSo(
    async () => JSON.parse((await run(home, ["status", "--json"])).out || "{}"),
    (status) =>
      (status.daemons ?? []).some(
        (session: { address: string; connected: boolean }) =>
          session.address === address && session.connected,
      ),
  );
}

describe("prism up", () => {
  test("tells the first minute, checks it, and ends by itself with status 0", async () => {
    const home = place.folder("up");
    const { status, out, err } = await run(home, ["up"]);
    expect(err).toBe("");
    expect(status).toBe(0);
    for (const said of [
      "1 signal waits for reviewer@shop, from planner@shop",
      "| The build is green",
      "kill -9",
      "is gone: nobody answers there",
      "1 signal waits for reviewer@shop (urgent), from planner@shop",
      "| Main is broken",
      "2 signals accepted, 2 drained, none lost, none twice",
    ]) {
      expect(out).toContain(said);
    }
    expect(/[\u0000-\u0009\u000b-\u001f\u007f]/.test(out)).toBe(false);
    expect(existsSync(join(home, "demo"))).toBe(false);
  });

  test("as data, one line for each step", async () => {
    const { status, out } = await run(place.folder("up-json"), ["up", "--json"]);
    expect(status).toBe(0);
    const steps = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(steps.map((step) => step.step)).toEqual([
      "started",
      "accepted",
      "rang",
      "drained",
      "accepted",
      "killed",
      "rang",
      "returned",
      "drained",
      "compared",
      "done",
    ]);
    expect(steps.at(-2)).toMatchObject({ accepted: 2, drained: 2, lost: 0, twice: 0 });
  });

  test("ends in order when it is stopped in the middle, and leaves nothing behind", async () => {
    const home = place.folder("up-stopped");
    const child = spawn(EXECUTABLE, ["up", "--json"], {
      env: { PRISM_HOME: home, PATH: "" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const started = await new Promise<{ hubPid: number; daemonPid: number }>((resolve) =>
      child.stdout.once("data", (line) => resolve(JSON.parse(String(line).split("\n")[0] ?? ""))),
    );
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    for (const pid of [started.hubPid, started.daemonPid])
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(existsSync(join(home, "demo"))).toBe(false);
  });

  test("leaves nothing behind when it is killed itself", async () => {
    const home = place.folder("up-killed");
    const child = spawn(EXECUTABLE, ["up", "--json"], {
      env: { PRISM_HOME: home, PATH: "" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const started = await new Promise<{ hubPid: number; daemonPid: number }>((resolve) =>
      child.stdout.once("data", (line) => resolve(JSON.parse(String(line).split("\n")[0] ?? ""))),
    );
    child.kill("SIGKILL");
    for (const pid of [started.hubPid, started.daemonPid]) {
      await untilSo(
        async () => isRunning(pid),
        (running) => !running,
      );
    }
    expect((await run(home, ["up"])).status).toBe(0);
  });

  test("a second one beside it is told so", async () => {
    const home = place.folder("up-twice");
    const child = spawn(EXECUTABLE, ["up", "--json"], {
      env: { PRISM_HOME: home, PATH: "" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const second = await run(home, ["up"]);
    expect(second.status).toBe(73);
    expect(second.err).toContain(`process ${child.pid}`);
    child.kill("SIGTERM");
    await ended;
  });
});

/** A process whose parent is gone may lie as a zombie until something takes its status: it has ended too. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("the path by hand", () => {
  test("signal, ring, drain; a hub that is killed comes back with what it accepted", async () => {
    const home = place.folder("hand");
    const shop = place.folder("shop");
    const who = ["--persona", "reviewer", "--project", shop];
    let hub: Program = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    const { port } = hub.facts;
    const daemon = await start(home, ["daemon", ...who, "--surface", "terminal"]);
    await registered(home, "reviewer@shop");

    const sent = await run(home, ["signal", "reviewer@shop", "one", "--from", "planner@shop", "--json"]);
    expect(JSON.parse(sent.out)).toMatchObject({ to: "reviewer@shop", duplicate: false });
    expect(await daemon.nextLine()).toContain("1 signal waits for reviewer@shop, from planner@shop");
    const drained = await run(home, ["drain", ...who]);
    expect(drained.out).toContain("planner@shop to reviewer@shop");
    expect(drained.out).toContain("| one");
    const { id } = JSON.parse(sent.out);
    expect(JSON.parse((await run(home, ["signal-status", id, "--json"])).out).state).toBe("drained");

    daemon.child.kill("SIGSTOP");
    const second = JSON.parse((await run(home, ["signal", "reviewer@shop", "two", "--json"])).out);
    await hub.kill("SIGKILL");
    expect((await run(home, ["status"])).status).toBe(69);
    hub = await start(home, ["hub", "--listen", `127.0.0.1:${port}`]);
    daemon.child.kill("SIGCONT");
    expect(await daemon.nextLine()).toContain("1 signal waits for reviewer@shop");
    const again = await run(home, ["drain", ...who, "--json", "--key", "d1"]);
    expect(
      JSON.parse(again.out).signals.map((signal: { id: string; text: string }) => [signal.id, signal.text]),
    ).toEqual([[second.id, "two"]]);
    const repeated = JSON.parse((await run(home, ["drain", ...who, "--json", "--key", "d1"])).out);
    expect(repeated).toMatchObject({ repeated: true, signals: [{ id: second.id }] });
    expect(JSON.parse((await run(home, ["drain", ...who, "--json"])).out).signals).toEqual([]);

    expect(await daemon.kill("SIGTERM")).toBe(0);
    expect(await hub.kill("SIGTERM")).toBe(0);
    expect(existsSync(join(home, "hub.json"))).toBe(false);
  });

  test("a daemon may be there before the hub ever was", async () => {
    const home = place.folder("early");
    const daemon = await start(home, [
      "daemon",
      "--persona",
      "early",
      "--project",
      place.folder("bird"),
      "--surface",
      "terminal",
    ]);
    const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    await registered(home, "early@bird");
    expect(await daemon.kill("SIGINT")).toBe(0);
    expect(await hub.kill("SIGINT")).toBe(0);
  });

  test("surface exec runs the command, with the ring's facts in its environment", async () => {
    const home = place.folder("exec");
    const folder = place.folder("ring-here");
    const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    const command = 'echo "$PRISM_ADDRESS $PRISM_OPEN $PRISM_SENDERS" > rang.tmp && mv rang.tmp rang';
    const daemon = await start(home, [
      "daemon",
      "--persona",
      "ci",
      "--project",
      folder,
      "--surface",
      "exec",
      "--exec-command",
      command,
    ]);
    await registered(home, "ci@ring-here");
    await run(home, ["signal", "ci@ring-here", "go", "--from", "planner@shop"]);
    await untilSo(async () => existsSync(join(folder, "rang")), Boolean);
    expect(readFileSync(join(folder, "rang"), "utf8")).toBe("ci@ring-here 1 planner@shop\n");
    await daemon.kill("SIGTERM");
    await hub.kill("SIGTERM");
  });
});

test("called as prism-daemon it is the daemon", async () => {
  const link = join(place.path, "prism-daemon");
  symlinkSync(EXECUTABLE, link);
  const home = place.folder("linked");
  expect((await run(home, ["--help"], { command: link })).out).toContain("prism daemon: stand watch");
  expect((await run(home, ["--persona"], { command: link })).err).toContain("--persona needs a value");
});

describe("shapes of --json", () => {
  test("each verb answers with its members, and failures with error", async () => {
    const home = place.folder("shapes");
    const shop = place.folder("shapes-shop");
    const who = ["--persona", "reviewer", "--project", shop];
    const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    expect(Object.keys(hub.facts)).toEqual(["url", "port", "dataDir", "pid"]);
    const daemon = await start(home, ["daemon", ...who, "--surface", "terminal"]);
    expect(Object.keys(daemon.facts)).toEqual(["address", "root", "surface", "hub", "pid"]);
    await registered(home, "reviewer@shapes-shop");
    const keysOf = async (...args: string[]) =>
      Object.keys(JSON.parse((await run(home, [...args, "--json"])).out));
    expect(await keysOf("signal", "reviewer@shapes-shop", "x", "--key", "k")).toEqual(
      expect.arrayContaining(["id", "to", "state", "acceptedAtMs", "expiresAtMs", "duplicate"]),
    );
    const { id } = JSON.parse(
      (await run(home, ["signal", "reviewer@shapes-shop", "x", "--key", "k", "--json"])).out,
    );
    expect(await keysOf("signal-status", id)).toEqual(
      expect.arrayContaining([
        "id",
        "to",
        "from",
        "urgency",
        "state",
        "acceptedAtMs",
        "expiresAtMs",
        "deliveredAtMs",
        "drainedAtMs",
        "expiredAtMs",
        "replyTo",
        "final",
      ]),
    );
    expect(await keysOf("status")).toEqual(
      expect.arrayContaining(["hub", "tenant", "agents", "daemons", "waiting"]),
    );
    expect(await keysOf("drain", ...who)).toEqual(
      expect.arrayContaining(["signals", "key", "remaining", "elsewhere", "repeated"]),
    );
    expect(await keysOf("history", ...who)).toEqual(expect.arrayContaining(["signals", "next"]));
    const doctor = JSON.parse((await run(home, ["doctor", "--json"])).out);
    expect(doctor).toMatchObject({ well: true });
    expect(doctor.checks[0]).toMatchObject({ name: "program", verdict: "ok" });
    expect(await keysOf("wrap", ...who)).toEqual(["wrapped"]);
    const failed = await run(home, ["signal", "reviewer@shapes-shop", "x", "--json"]);
    expect(failed.status).toBe(67);
    expect(JSON.parse(failed.out).error).toMatchObject({
      code: "target_wrapped",
      target: { address: "reviewer@shapes-shop", state: "wrapped" },
    });
    await hub.kill("SIGTERM");
    expect(readdirSync(join(home, "log"))).toEqual([]);
  });

  test("a reader that goes away is quiet", async () => {
    const child = spawn("sh", ["-c", `"${EXECUTABLE}" help; echo "status $?" >&2`], {
      env: { PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let err = "";
    child.stderr.on("data", (text) => {
      err += text;
    });
    await new Promise((resolve) => child.once("close", resolve));
    expect(err).toBe("status 0\n");
  });

  test.skipIf(!existsSync("/dev/full"))("a full disk under stdout is told", async () => {
    const child = spawn("sh", ["-c", `"${EXECUTABLE}" help > /dev/full; echo "status $?" >&2`], {
      env: { PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let err = "";
    child.stderr.on("data", (text) => {
      err += text;
    });
    await new Promise((resolve) => child.once("close", resolve));
    expect(err).toContain("the disk is full");
    expect(err).toContain("status 74");
  });
});
