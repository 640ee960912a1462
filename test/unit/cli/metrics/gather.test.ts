/** The gatherer and its routes over real sockets of daemons that a test plays. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Gatherer, openGatherer } from "../../../../src/cli/metrics/gather.ts";
import { gatherRoutes } from "../../../../src/cli/metrics/routes.ts";
import { type Home, homeAt, ipcPathOf, stateDirOf } from "../../../../src/host/home.ts";
import type { IpcHandlers } from "../../../../src/ipc.ts";
import { exposition, PersonaMetrics } from "../../../../src/metrics.ts";
import { type IpcStage, identity, ipcStage } from "../../../support/ipc-stage.ts";
import { tempDir } from "../../../support/temp-dir.ts";

function pageOf(persona: string): IpcHandlers["metrics"] {
  const metrics = new PersonaMetrics({ tenant: "local", host: "here", persona, project: "shop" });
  return ({ form }) => ({ page: exposition([metrics], form) });
}

function daemon(home: Home, persona: string, metrics = pageOf(persona)): Promise<IpcStage> {
  const address = { persona, project: "shop" };
  mkdirSync(stateDirOf(home, "local", address), { recursive: true, mode: 0o700 });
  const path = ipcPathOf(home, "local", address);
  return ipcStage({ path, identity: { ...identity, ...address }, handlers: { metrics } });
}

function gathererIn(home: Home): Gatherer {
  const gatherer = openGatherer({ home, version: "1", host: "here", log() {} });
  onTestFinished(() => gatherer.close());
  return gatherer;
}

async function upOf(gatherer: Gatherer): Promise<Record<string, boolean>> {
  const { daemons } = await gatherer.gather("text");
  return Object.fromEntries(daemons.map(({ persona, page }) => [persona, page !== null]));
}

test("who answers is up; who fails, or says what is no page, is not; who ended in order is not there", async () => {
  const home = homeAt(join(tempDir(), "home"));
  await daemon(home, "reviewer");
  await daemon(home, "broken", () => {
    throw new Error("a bug");
  });
  await daemon(home, "strange", () => ({ page: "node_load1 1\n" }));
  const ended = await daemon(home, "ended");
  const gatherer = gathererIn(home);
  expect(await upOf(gatherer)).toEqual({ broken: false, ended: true, reviewer: true, strange: false });
  await ended.server.close();
  expect(await upOf(gatherer)).toEqual({ broken: false, reviewer: true, strange: false });
  // Another life of it, at the same path.
  await daemon(home, "ended");
  expect(await upOf(gatherer)).toMatchObject({ ended: true });
});

test("scrapes at once, in both forms, are each answered in their own", async () => {
  const home = homeAt(join(tempDir(), "home"));
  await daemon(home, "reviewer");
  const gatherer = gathererIn(home);
  const [text, again, open] = await Promise.all([
    gatherer.gather("text"),
    gatherer.gather("text"),
    gatherer.gather("openmetrics"),
  ]);
  expect(again).toBe(text);
  expect(text.daemons[0]?.page).not.toContain("# EOF");
  expect(open.daemons[0]?.page).toContain("# EOF");
});

describe("the routes", () => {
  const plain = { accept: undefined, host: "127.0.0.1:9747", origin: undefined };

  test("all, one, discovery, and nothing else", async () => {
    const home = homeAt(join(tempDir(), "home"));
    await daemon(home, "reviewer");
    const answer = gatherRoutes(gathererIn(home), () => "unused");
    const all = await answer({ ...plain, path: "/metrics" });
    expect(all.body).toContain("prism_gather_daemon_up{");
    const [group] = JSON.parse((await answer({ ...plain, path: "/sd" })).body);
    expect(group.targets).toEqual(["127.0.0.1:9747"]);
    const one = await answer({ ...plain, path: group.labels.__metrics_path__ });
    expect(one).toMatchObject({ status: 200 });
    expect(one.body).not.toContain("prism_gather_");
    for (const path of [
      "/",
      "/daemons/local/nobody@shop/metrics",
      "/daemons/../reviewer@shop/metrics",
      "/metrics/",
    ])
      expect(await answer({ ...plain, path })).toMatchObject({ status: 404 });
  });

  test("one that does not answer is 503, so that Prometheus calls it down", async () => {
    const home = homeAt(join(tempDir(), "home"));
    await daemon(home, "broken", () => {
      throw new Error("a bug");
    });
    const answer = gatherRoutes(gathererIn(home), () => "unused");
    expect(await answer({ ...plain, path: "/daemons/local/broken@shop/metrics" })).toMatchObject({
      status: 503,
    });
  });
});
