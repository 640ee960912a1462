/** Personas over the whole hub: real sockets, a real store, tokens of their own. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { homeAt } from "../../../src/host/home.ts";
import { openHub, type RunningHub } from "../../../src/hub/hub.ts";
import { callHub, type HubClientOptions } from "../../../src/net/hub-client.ts";
import { openPeer, refusedPeer } from "../../support/socket-peer.ts";

let root: string;
let hub: RunningHub;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "prism-personas-"));
  await open();
});
afterEach(async () => {
  await hub.close("the test is over");
  rmSync(root, { recursive: true, force: true });
});

async function open(): Promise<void> {
  hub = await openHub({
    listen: { host: "127.0.0.1", port: 0 },
    dataDir: join(root, "data"),
    home: homeAt(join(root, "home")),
    retentionMs: 60_000,
    plaintext: false,
    version: "1.2.3",
    log: () => {},
    bounds: { closeTimeoutMs: 200 },
  });
}

function made(): { readonly token: string; readonly tokenSha256: string } {
  const token = randomBytes(32).toString("base64url");
  return { token, tokenSha256: createHash("sha256").update(token).digest("hex") };
}

const by = (token: string): HubClientOptions => ({ url: hub.url, token, env: {} });
const home = () => by(readFileSync(join(root, "home/token"), "utf8").trim());
const ADA = { persona: "ada", project: "shop" };
const START = { ...ADA, kind: "daemon", protocol: 1, version: "1" } as const;

describe("a persona's token", () => {
  it("acts for its persona, over a restart of the hub too, and for nobody else", async () => {
    const { token, tokenSha256 } = made();
    const created = { address: "ada@shop", tenant: "local", state: "active" };
    expect(await callHub(home(), "persona_create", { ...ADA, tokenSha256 })).toEqual({
      ...created,
      isNew: true,
    });
    await hub.close("again");
    await open();
    expect(await callHub(home(), "persona_create", { ...ADA, tokenSha256 })).toEqual({
      ...created,
      isNew: false,
    });
    await callHub(by(token), "start", START);
    const sent = await callHub(by(token), "signal", { to: "ada@shop", text: "to myself" });
    expect(await callHub(by(token), "signal_status", { id: sent.id })).toMatchObject({ from: "ada@shop" });
    expect((await callHub(by(token), "drain", ADA)).signals).toMatchObject([{ text: "to myself" }]);
    const other = callHub(by(token), "drain", { persona: "bob", project: "shop" });
    await expect(other).rejects.toMatchObject({ code: "permission_denied" });
    await expect(callHub(by(token), "persona_list", {})).rejects.toMatchObject({ code: "permission_denied" });
    expect(await callHub(home(), "persona_list", {})).toMatchObject({
      personas: [{ address: "ada@shop", hasToken: true, daemon: "away", open: 0 }],
    });
  });

  it("is worth nothing once another took its place, and takes its sockets with it", async () => {
    const [old, young] = [made(), made()];
    await callHub(home(), "persona_create", { ...ADA, tokenSha256: old.tokenSha256 });
    const peer = await openPeer(`${hub.url}/v1/socket`, old.token);
    peer.send({ jsonrpc: "2.0", id: 1, method: "start", params: START });
    const started = (await peer.nextWith("id", 1)) as { result: { session: string } };
    await callHub(home(), "persona_create", { ...ADA, tokenSha256: young.tokenSha256 });
    expect(await peer.ended).toMatchObject({ code: 1008 });
    const refused = await refusedPeer(`${hub.url}/v1/socket`, old.token);
    expect(refused.status).toBe(401);
    const resumed = await callHub(by(young.token), "start", { ...START, session: started.result.session });
    expect(resumed.session).toBe(started.result.session);
  });

  it("is worth nothing once it is destroyed, over a restart of the hub too; its texts go with a purge alone", async () => {
    const { token, tokenSha256 } = made();
    await callHub(home(), "persona_create", { ...ADA, tokenSha256 });
    await callHub(home(), "signal", { to: "ada@shop", text: "kept" });
    const peer = await openPeer(`${hub.url}/v1/socket`, token);
    peer.send({ jsonrpc: "2.0", id: 1, method: "start", params: START });
    const started = (await peer.nextWith("id", 1)) as { result: { session: string } };
    expect(await callHub(home(), "persona_destroy", ADA)).toEqual({
      address: "ada@shop",
      existed: true,
      expired: 0,
    });
    expect(await peer.nextWith("method", "wrapped")).toMatchObject({
      params: { session: started.result.session, why: "destroyed" },
    });
    expect((await peer.ended).code).toBe(1008);
    await hub.close("again");
    await open();
    await expect(callHub(by(token), "status", {})).rejects.toMatchObject({ code: "unauthorized" });
    expect((await callHub(home(), "history", ADA)).signals).toMatchObject([
      { text: "kept", state: "pending" },
    ]);
    expect(await callHub(home(), "persona_destroy", { ...ADA, purge: true })).toEqual({
      address: "ada@shop",
      existed: false,
      expired: 1,
    });
    expect((await callHub(home(), "history", ADA)).signals).toMatchObject([{ text: "", state: "expired" }]);
  });
});

describe("an archived persona", () => {
  it("takes no signal and no session, says so in status, and loses nothing of what waited", async () => {
    const { token, tokenSha256 } = made();
    await callHub(home(), "persona_create", { ...ADA, tokenSha256 });
    const { id } = await callHub(home(), "signal", { to: "ada@shop", text: "before" });
    expect(await callHub(home(), "persona_archive", ADA)).toEqual({ address: "ada@shop", wrapped: [] });
    await hub.close("again");
    await open();
    await expect(callHub(home(), "signal", { to: "ada@shop", text: "during" })).rejects.toMatchObject({
      code: "target_wrapped",
      target: { state: "archived" },
    });
    for (const bearer of [home(), by(token)])
      await expect(callHub(bearer, "start", START)).rejects.toMatchObject({ code: "persona_archived" });
    expect(await callHub(home(), "status", {})).toMatchObject({
      archived: [{ address: "ada@shop", open: 1 }],
    });
    expect(await callHub(home(), "persona_restore", ADA)).toEqual({ address: "ada@shop", waiting: 1 });
    expect(await callHub(home(), "status", {})).not.toHaveProperty("archived");
    await callHub(by(token), "start", START);
    expect((await callHub(by(token), "drain", ADA)).signals).toMatchObject([{ id, text: "before" }]);
  });
});
