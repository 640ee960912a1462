import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { typed } from "../../support/fake-runtime.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { openTestServer, TOKEN } from "../../support/test-server.ts";

it("a daemon that learns of a wrap while it was away says so as it ends", async () => {
  const { server, service } = await openTestServer();
  onTestFinished(() => server.close("the test ends"));
  service.answers.start = { error: { code: "session_gone", message: "it was wrapped" } };
  const root = join(tempDir(), "shop");
  mkdirSync(root);
  const env = { PRISM_HOME: join(tempDir(), "home"), PRISM_TOKEN: TOKEN };
  const words = ["daemon", "--persona", "reviewer", "--project", root, "--surface", "terminal"];
  const { status, out } = await typed([...words, "--hub", server.url], { env });
  expect(status).toBe(0);
  expect(out).toContain("reviewer@shop was wrapped; start it again to put reviewer@shop back on duty");
});
