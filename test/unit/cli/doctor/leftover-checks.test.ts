import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { leftoverChecks } from "../../../../src/cli/doctor/leftover-checks.ts";
import { ownFiles } from "../../../../src/cli/doctor/own-files.ts";
import { askLocalDaemons } from "../../../../src/cli/local-daemons.ts";
import { bellFlagPathOf, ipcPathOf, stateDirOf } from "../../../../src/host/home.ts";
import { holdLock } from "../../../../src/host/lock.ts";
import { type DoctorStage, doctorStage } from "../../../support/doctor-stage.ts";

const ADDRESS = { persona: "reviewer", project: "shop" };
/** Higher than any system gives. */
const DEAD = 2_000_000_000;

async function look({ runtime }: DoctorStage) {
  const here = runtime();
  return leftoverChecks(ownFiles(here.home), await askLocalDaemons(here, "test"), here);
}

/** As a daemon that was killed leaves it. */
async function killedDaemon(stage: DoctorStage) {
  const { home } = stage.runtime();
  const [socket, flag] = [ipcPathOf(home, "local", ADDRESS), bellFlagPathOf(home, "local", ADDRESS)];
  const lock = join(stateDirOf(home, "local", ADDRESS), "lock");
  for (const path of [socket, lock]) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await leftSocket(socket);
  writeFileSync(flag, "");
  const note = { pid: DEAD, startedAtMs: 1, host: "here", root: "/w" };
  writeFileSync(`${lock}.json`, JSON.stringify(note), { mode: 0o600 });
  return { socket, flag, lock, note: `${lock}.json` };
}

/** A process that listens and is killed leaves the name of its socket. */
async function leftSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  const child: ChildProcess = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
  await new Promise((resolve) => child.once("exit", resolve));
}

it("of a home where all ended in order is nothing", async () => {
  expect(await look(doctorStage())).toEqual([
    { name: "leftovers", verdict: "ok", finding: "nothing is left behind" },
  ]);
});

describe.skipIf(process.platform === "win32")("a daemon that was killed", () => {
  it("leaves its socket, its note and its flag, which can go", async () => {
    const stage = doctorStage();
    const { socket, flag, note } = await killedDaemon(stage);
    const [left] = await look(stage);
    expect(left).toMatchObject({
      name: "left reviewer@shop",
      verdict: "note",
      finding:
        "the daemon of reviewer@shop did not end in order and left its socket, a note at its lock, a flag for its agent's hooks",
    });
    await left?.mend?.run();
    expect([socket, flag, note].filter(existsSync)).toEqual([]);
    expect(await look(stage)).toMatchObject([{ name: "leftovers" }]);
  });

  it("and is started again meanwhile keeps all of it: its place is held", async () => {
    const stage = doctorStage();
    const { socket, lock } = await killedDaemon(stage);
    const [left] = await look(stage);
    const held = await holdLock(lock, "the place of reviewer@shop", {
      pid: process.pid,
      startedAtMs: 2,
      host: "here",
      root: "/w",
    });
    onTestFinished(() => held.release());
    await expect(left?.mend?.run()).rejects.toMatchObject({ code: "already_running" });
    expect(existsSync(socket)).toBe(true);
  });

  it("a socket that answers by now is not taken away", async () => {
    const stage = doctorStage();
    const { socket } = await killedDaemon(stage);
    const [left] = await look(stage);
    const { rmSync } = await import("node:fs");
    rmSync(socket);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    await left?.mend?.run();
    expect(existsSync(socket)).toBe(true);
  });

  it("of which nothing else is known leaves a socket for a person to remove", async () => {
    const stage = doctorStage();
    const path = join(stage.folder("home/run"), "strange.sock");
    await leftSocket(path);
    const [strange] = await look(stage);
    expect(strange).toMatchObject({
      name: "sockets",
      finding: "nobody listens on run/strange.sock, and no daemon is known there",
      remedy: `remove what is left: rm "${path}"`,
    });
    expect(strange?.mend).toBeUndefined();
  });
});

it("files of interrupted writes go, those of a living writer stay", async () => {
  const stage = doctorStage();
  const gone = stage.file(`home/state/local/a@b/.position.${DEAD}-1.tmp`);
  stage.file(`home/.token.${DEAD}-2.tmp`);
  stage.file(`home/state/local/a@b/.position.${process.pid}-1.tmp`);
  const [unfinished] = await look(stage);
  expect(unfinished).toMatchObject({
    name: "unfinished",
    finding: expect.stringMatching(/^2 files of interrupted writes/),
  });
  await unfinished?.mend?.run();
  expect(readdirSync(dirname(gone))).toEqual([`.position.${process.pid}-1.tmp`]);
  expect(readdirSync(stage.home)).toEqual(["state"]);
});

it("broken files that were set aside are evidence, and stay", async () => {
  const stage = doctorStage();
  stage.file("home/state/local/a@b/position.corrupt");
  stage.file("home/hub/tokens.json.corrupt-1795000000000");
  const [aside] = await look(stage);
  expect(aside).toMatchObject({
    name: "set-aside",
    verdict: "note",
    finding:
      "2 broken files were set aside, and made anew: hub/tokens.json.corrupt-1795000000000, state/local/a@b/position.corrupt",
  });
  expect(aside?.mend).toBeUndefined();
});

describe("a hub's file", () => {
  it("of a hub that is gone is told, and kept: it tells where the hub was", async () => {
    const stage = doctorStage();
    stage.file("home/hub.json", JSON.stringify({ url: "http://127.0.0.1:9", pid: DEAD }));
    const [gone] = await look(stage);
    expect(gone).toMatchObject({
      name: "hub-file",
      verdict: "note",
      finding: expect.stringContaining(`(process ${DEAD}) that is gone`),
    });
    expect(gone?.mend).toBeUndefined();
  });

  it("counts while somebody listens there, whatever the process number says, and while the process is there", async () => {
    const stage = doctorStage();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    stage.file("home/hub.json", JSON.stringify({ url: `http://127.0.0.1:${port}`, pid: DEAD }));
    expect(await look(stage)).toMatchObject([{ name: "leftovers" }]);
    stage.file("home/hub.json", JSON.stringify({ url: "http://127.0.0.1:9", pid: process.pid }));
    expect(await look(stage)).toMatchObject([{ name: "leftovers" }]);
    stage.file("home/hub.json", "not json");
    expect(await look(stage)).toMatchObject([{ name: "leftovers" }]);
  });
});

it("details of a bug are for who maintains Prism; an upgrade that was cut short goes on", async () => {
  const stage = doctorStage();
  stage.file("home/log/crash.log", "Error: x\n");
  stage.file(".local/share/prism/versions/upgrade.json", "{}");
  const checks = await look(stage);
  expect(checks).toMatchObject([
    { name: "bugs", verdict: "note" },
    ...(process.platform === "linux" ? [{ name: "upgrade", verdict: "warn" }] : []),
  ]);
});
