/** The shim as a process of its own, with the SDK's client before it and a real hub behind it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { homeAt } from "../../../src/host/home.ts";
import { openHub, type RunningHub } from "../../../src/hub/hub.ts";
import { callHub, type HubClientOptions } from "../../../src/net/hub-client.ts";

let root: string;
let hub: RunningHub;
let target: HubClientOptions;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "prism-clients-"));
  const home = homeAt(join(root, "home"));
  hub = await openHub({
    listen: { host: "127.0.0.1", port: 0 },
    dataDir: join(root, "data"),
    home,
    retentionMs: 60_000,
    plaintext: false,
    version: "1",
    log() {},
    bounds: { closeTimeoutMs: 200 },
  });
  target = { url: hub.url, token: readFileSync(home.tokenPath, "utf8").trim(), env: {} };
});
afterEach(async () => {
  await hub.close("the test is over");
  rmSync(root, { recursive: true, force: true });
});

async function connected(mode: "legacy" | "auto" | { pin: string }): Promise<Client> {
  const client = new Client({ name: "claude-code", version: "2" }, { versionNegotiation: { mode } });
  const main = fileURLToPath(new URL("../../support/shim-process.ts", import.meta.url));
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: ["--no-warnings", main],
      env: { SHIM_HOME: join(root, "home"), SHIM_HUB: target.url, SHIM_TOKEN: target.token },
      stderr: "ignore",
    }),
  );
  return client;
}

function textOf(result: unknown): string {
  return (result as { content: { text: string }[] }).content.map((part) => part.text).join("");
}

describe("the SDK's client over stdio", () => {
  for (const [mode, revision] of [
    ["legacy", "2025-11-25"],
    ["auto", "2026-07-28"],
    [{ pin: "2026-07-28" }, "2026-07-28"],
  ] as const) {
    it(`speaks ${revision} (${JSON.stringify(mode)}), drains, answers and leaves`, async () => {
      const client = await connected(mode);
      expect(client.getNegotiatedProtocolVersion()).toBe(revision);
      expect(textOf(await client.callTool({ name: "prism_drain" }))).toBe("Nothing waits for you.");
      const sent = await callHub(target, "signal", {
        to: "reviewer@shop",
        from: "planner@shop",
        text: "hello",
      });
      expect(textOf(await client.callTool({ name: "prism_status" }))).toMatch(
        /^\[prism\] 1 signal waits for reviewer@shop, from planner@shop: call prism_drain\.\n\nAgents:\n- reviewer@shop: alive, master, connected, on claude-code/,
      );
      const drained = textOf(await client.callTool({ name: "prism_drain" }));
      expect(drained).toContain(`from planner@shop`);
      expect(drained).toContain(`id ${sent.id}\n| hello`);
      const history = textOf(await client.callTool({ name: "prism_history" }));
      expect(history).toContain("Signal, drained: from planner@shop");
      const reply = await client.callTool({
        name: "prism_signal",
        arguments: { to: "planner@shop", text: "done", replyTo: sent.id },
      });
      expect(reply.isError).toBe(true);
      expect(textOf(reply)).toContain("target_unknown");
      await client.close();
      const { agents } = await callHub(target, "status", {});
      expect(agents.filter((agent) => agent.liveness === "alive")).toEqual([]);
    });
  }
});
