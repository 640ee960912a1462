import { expect, it } from "vitest";
import type { StartAnswer } from "../../../src/domain/verbs.ts";
import { HubLink } from "../../../src/shim/hub-link.ts";
import { openTestServer, TOKEN } from "../../support/test-server.ts";

it("a line that breaks during the last wrap is not dialled again", async () => {
  const { server, service } = await openTestServer();
  const wrapAsked = Promise.withResolvers<void>();
  service.answers.wrap = () => {
    wrapAsked.resolve();
    return "silence";
  };
  const registered = Promise.withResolvers<StartAnswer | null>();
  const logged: string[] = [];
  const link = new HubLink({
    hub: () => ({ url: server.url, token: TOKEN, env: {} }),
    identity: { persona: "reviewer", project: "shop", host: "h", root: "/shop", instance: "i", version: "1" },
    log: (_level, event) => logged.push(event),
    events: { sessionIs: registered.resolve },
  });
  link.begin("mcp");
  await registered.promise;
  const closed = link.close(60_000);
  await wrapAsked.promise;
  await server.close("gone");
  await closed;
  expect(logged).toEqual(["wrapFailed"]);
});
