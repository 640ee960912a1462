/** What a daemon tells of itself: to who asks once, to who watches, and into the file of its day. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { MINUTE_FILE, minutesIn } from "../../../src/domain/minute-file.ts";
import { homeAt, stateDirOf } from "../../../src/host/home.ts";
import type { DaemonHappening } from "../../../src/ipc.ts";
import { connectIpc } from "../../../src/net/ipc-client.ts";
import { daemonStage, ONE_SIGNAL, openSettled, REVIEWER } from "../../support/daemon-stage.ts";
import { NO_SIGNALS } from "../../support/lifecycle-script.ts";

it("tells rings, failures, drains, expiries and turns as they happen, and counts them", async () => {
  const stage = await daemonStage();
  const { daemon, surface, ipcPath } = await openSettled(stage);
  const told: DaemonHappening[] = [];
  let heard = (): void => {};
  const connection = await connectIpc(
    ipcPath,
    { version: "1", role: "test", address: REVIEWER },
    {
      doorbell() {},
      happening(one) {
        told.push(one);
        heard();
      },
      closed() {},
    },
  );
  await connection.call("watch", {});
  const after = async (name: DaemonHappening["name"], count: number): Promise<void> => {
    while (told.filter((one) => one.name === name).length < count) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  const accepted = Date.now();
  stage.push({ ...ONE_SIGNAL, oldestAtMs: accepted, newestAtMs: accepted });
  (await surface.next()).fail("nobody is at home");
  await after("ringFailed", 1);
  await connection.call("hook", { event: "user-prompt-submit", client: "codex", session: "t-1" });
  stage.push({ ...ONE_SIGNAL, revision: 2, open: 2, through: 2, told: 2, drains: 1 });
  await after("drained", 1);
  stage.push({ ...NO_SIGNALS, revision: 3, through: 2, told: 2, drains: 1 });
  await after("drained", 2);
  stage.push({ ...ONE_SIGNAL, revision: 4, through: 3, told: 2, drains: 1, newestAtMs: accepted });
  (await surface.next()).take();
  await after("rung", 1);
  expect(
    told.filter(({ name }) => name !== "state").map(({ name, detail, count }) => [name, detail, count]),
  ).toEqual([
    ["waits", "", 1],
    ["ringFailed", "nobody is at home", null],
    ["agent", "codex came", null],
    ["agent", "codex began a turn", null],
    ["drained", "", 2],
    ["waits", "", 2],
    ["drained", "expired", 0],
    ["waits", "", 1],
    ["rung", "fake", null],
  ]);
  const { doorbell, drains, position } = daemon.status();
  expect(doorbell).toMatchObject({ lastOutcome: "taken", lastPath: "fake", lastReason: null });
  expect(doorbell.lastRingAtMs).toBe(doorbell.lastRungAtMs);
  expect(doorbell.lastLatencyMs).toBeGreaterThanOrEqual(0);
  expect(drains).toMatchObject({ count: 1, lastAtMs: expect.any(Number) });
  expect(position).toMatchObject({ open: 1, oldestAtMs: 1, senders: [{ from: "planner@shop", count: 1 }] });

  connection.close();
  await daemon.close("the test says so");
  const folder = stateDirOf(homeAt(stage.homeDir), "local", REVIEWER);
  const samples = minutesIn(readFileSync(join(folder, MINUTE_FILE)), Date.now());
  const sum = (of: "rung" | "failed" | "drains" | "errors") => samples.reduce((all, one) => all + one[of], 0);
  expect([sum("rung"), sum("failed"), sum("drains"), sum("errors")]).toEqual([1, 1, 1, 1]);
  expect(Math.max(...samples.map(({ pending }) => pending))).toBe(2);
  expect(samples.some(({ latencyMs }) => latencyMs !== null)).toBe(true);
});
