/** What the edges do with a persona's token: who the service hears of, and the end of what stands open by it. */
import { afterEach, describe, expect, it } from "vitest";
import { openPeer } from "../../../support/socket-peer.ts";
import {
  ADA,
  ADA_TOKEN,
  AUTH,
  ask,
  JSON_AUTH,
  openTestServer,
  type TestServer,
  TOKEN,
} from "../../../support/test-server.ts";

let hub: TestServer;
afterEach(() => hub.server.close("the test is over"));

const START = { kind: "daemon", persona: "ada", project: "shop", protocol: 1, version: "1" };
const ADA_AUTH = { ...JSON_AUTH, Authorization: `Bearer ${ADA_TOKEN}` };
const MCP = { Accept: "application/json, text/event-stream" };

function request(id: number, method: string, params: unknown) {
  return { jsonrpc: "2.0", id, method, params };
}

describe("a persona's token", () => {
  it("names its bearer to the service on every edge", async () => {
    hub = await openTestServer();
    const peer = await openPeer(hub.socketUrl, ADA_TOKEN);
    peer.send(request(1, "start", START));
    peer.send(request(2, "history", { persona: "ada", project: "shop" }));
    await peer.next();
    await peer.next();
    await ask(`${hub.server.url}/v1/status`, { headers: ADA_AUTH, body: "{}" });
    const call = request(1, "tools/call", { name: "prism_status", arguments: {} });
    await ask(`${hub.server.url}/mcp`, { headers: { ...ADA_AUTH, ...MCP }, body: JSON.stringify(call) });
    expect(hub.service.asked.map(({ verb, caller }) => [verb, caller.scope])).toEqual([
      ["start", ADA.scope],
      ["history", ADA.scope],
      ["status", ADA.scope],
      ["status", ADA.scope],
    ]);
  });

  it("is offered no tools that it may not use", async () => {
    hub = await openTestServer();
    const body = JSON.stringify(request(1, "tools/list", {}));
    const named = async (headers: { [name: string]: string }): Promise<string> =>
      (await ask(`${hub.server.url}/mcp`, { headers: { ...headers, ...MCP }, body })).text;
    expect(await named(JSON_AUTH)).toContain("prism_persona_destroy");
    const own = await named(ADA_AUTH);
    expect(own).toContain("prism_drain");
    expect(own).not.toContain("prism_persona");
  });
});

describe("a token that ends", () => {
  it("takes its sockets with it, after what they were told, and leaves all others", async () => {
    hub = await openTestServer();
    const [first, second, home] = await Promise.all([
      openPeer(hub.socketUrl, ADA_TOKEN),
      openPeer(hub.socketUrl, ADA_TOKEN),
      openPeer(hub.socketUrl, TOKEN),
    ]);
    first.send(request(1, "start", START));
    const { result } = (await first.next()) as { result: { session: string } };
    hub.service.push(result.session, "wrapped", { session: result.session });
    hub.service.endTokens(new Set(["aa"]));
    expect(await first.next()).toMatchObject({ method: "wrapped" });
    const end = { code: 1008, reason: "this token is worth nothing any more" };
    expect([await first.ended, await second.ended]).toEqual([end, end]);
    home.send(request(1, "status", {}));
    expect(await home.next()).toMatchObject({ id: 1 });
  });

  it("takes its MCP streams with it", async () => {
    hub = await openTestServer();
    const asked = new Promise<void>((resolve) => {
      hub.service.answers.status = () => {
        resolve();
        return "silence";
      };
    });
    const call = request(1, "tools/call", { name: "prism_status", arguments: {} });
    const answer = ask(`${hub.server.url}/mcp`, {
      headers: { ...ADA_AUTH, ...MCP },
      body: JSON.stringify(call),
    });
    const broken = expect(answer).rejects.toThrow("socket hang up");
    await asked;
    hub.service.endTokens(new Set(["other"]));
    hub.service.endTokens(new Set(["aa"]));
    await broken;
  });
});

describe("a verb that a hub does not know", () => {
  it("is refused with the verbs that it does, over HTTP and on the socket", async () => {
    hub = await openTestServer();
    const answer = await ask(`${hub.server.url}/v1/persona_creat`, { headers: AUTH });
    expect(answer.status).toBe(404);
    expect(answer.json["error"]).toEqual({
      code: "unknown_verb",
      message: 'there is no verb "persona_creat"',
      hint: 'did you mean "persona_create"?',
    });
    const peer = await openPeer(hub.socketUrl, TOKEN);
    peer.send(request(1, "persona_frobnicate", {}));
    expect(await peer.next()).toMatchObject({
      error: { code: -32601, message: 'there is no verb "persona_frobnicate"' },
    });
    peer.send(request(2, "status", {}));
    expect(await peer.next()).toMatchObject({ id: 2, result: {} });
  });
});
