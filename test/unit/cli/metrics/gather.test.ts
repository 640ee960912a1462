/** The gatherer and its routes over real sockets of daemons that a test plays. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Gatherer, openGatherer } from "../../../../src/cli/metrics/gather.ts";
import { gatherRoutes } from "../../../../src/cli/metrics/routes.ts";
import { type Home, homeAt, ipcPathOf, stateDirOf } from "../../../../src/host/home.ts";
import type { IpcHandlers } from "../../../../src/ipc.ts";
import { GATHER_FAMILIES } from "../../../../src/metrics/gathered.ts";
import { exposition, PersonaMetrics } from "../../../../src/metrics.ts";
import { type IpcStage, identity, ipcStage } from "../../../support/ipc-stage.ts";
import { readPage } from "../../../support/strict-page.ts";
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
  const alone = { ownTarget: () => "unused", hubUrl: () => undefined };
  const plain = { accept: undefined, host: "127.0.0.1:9747", origin: undefined };

  test("all, one, discovery, and nothing else", async () => {
    const home = homeAt(join(tempDir(), "home"));
    await daemon(home, "reviewer");
    const answer = gatherRoutes(gathererIn(home), alone);
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

  test("discovery lists each daemon, who of them answer, and the hub, told apart by their kind", async () => {
    const home = homeAt(join(tempDir(), "home"));
    await daemon(home, "reviewer");
    const targetsAt = async (hubUrl: string | undefined, host: string | undefined) => {
      const answer = gatherRoutes(gathererIn(home), { ownTarget: () => "[::1]:9747", hubUrl: () => hubUrl });
      const { status, type, body } = await answer({ ...plain, host, path: "/sd" });
      expect({ status, type }).toEqual({ status: 200, type: "application/json; charset=utf-8" });
      return JSON.parse(body) as readonly { targets: readonly string[]; labels: Record<string, string> }[];
    };
    const reviewer = {
      targets: ["[::1]:9747"],
      labels: {
        instance: "local/reviewer@shop",
        __metrics_path__: "/daemons/local/reviewer@shop/metrics",
        __meta_prism_kind: "daemon",
        __meta_prism_tenant: "local",
        __meta_prism_persona: "reviewer",
        __meta_prism_project: "shop",
      },
    };
    const gatherer = {
      targets: ["[::1]:9747"],
      labels: { __metrics_path__: "/gatherer", __meta_prism_kind: "gatherer" },
    };
    const hub = (target: string, scheme: string) => ({
      targets: [target],
      labels: { __scheme__: scheme, __metrics_path__: "/metrics", __meta_prism_kind: "hub" },
    });
    expect(await targetsAt(undefined, undefined)).toEqual([reviewer, gatherer]);
    expect(await targetsAt("http://127.0.0.1:7747", "")).toEqual([
      reviewer,
      gatherer,
      hub("127.0.0.1:7747", "http"),
    ]);
    // Prometheus wants the port of each target, also where an address need not name it.
    expect((await targetsAt("https://hub.example", "")).at(-1)).toEqual(hub("hub.example:443", "https"));
    expect((await targetsAt("https://[::1]:7747", "")).at(-1)).toEqual(hub("[::1]:7747", "https"));
    expect(await targetsAt("not an address", "here:9747")).toHaveLength(2);
    expect((await targetsAt(undefined, "here:9747")).map(({ targets }) => targets)).toEqual([
      ["here:9747"],
      ["here:9747"],
    ]);
  });

  test("the gatherer's own page says who answers, and nothing of what they count", async () => {
    const home = homeAt(join(tempDir(), "home"));
    await daemon(home, "reviewer");
    const answer = gatherRoutes(gathererIn(home), alone);
    const { body } = await answer({ ...plain, path: "/gatherer" });
    expect(readPage(body, "text").map(({ name }) => name)).toEqual(GATHER_FAMILIES.map(({ name }) => name));
    const open = await answer({ ...plain, path: "/gatherer", accept: "application/openmetrics-text" });
    expect(readPage(open.body, "openmetrics")).toHaveLength(3);
  });

  test("one that does not answer is 503, so that Prometheus calls it down", async () => {
    const home = homeAt(join(tempDir(), "home"));
    await daemon(home, "broken", () => {
      throw new Error("a bug");
    });
    const answer = gatherRoutes(gathererIn(home), alone);
    expect(await answer({ ...plain, path: "/daemons/local/broken@shop/metrics" })).toMatchObject({
      status: 503,
    });
  });
});
