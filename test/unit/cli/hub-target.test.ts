import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/cli/exit-status.ts";
import { type HubFlags, hubTarget, localHubUrl, tokenSource } from "../../../src/cli/hub-target.ts";
import { PrismError } from "../../../src/domain/errors.ts";
import { fakeRuntime } from "../../support/fake-runtime.ts";

const none: HubFlags = { hub: undefined, tokenFile: undefined, tlsCa: undefined };

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof PrismError) return error.code;
    throw error;
  }
  return "no failure";
}

describe("which hub", () => {
  it("is the one that is named", () => {
    const runtime = fakeRuntime({ env: { PRISM_TOKEN: "t" } });
    expect(hubTarget({ ...none, hub: "https://hub.example" }, runtime).url).toBe("https://hub.example");
  });

  it("else the one that runs here, else where it is set to listen, else the default", () => {
    const runtime = fakeRuntime();
    expect(localHubUrl(runtime)).toBe("http://127.0.0.1:7747");
    writeFileSync(runtime.home.configPath, '{"listen": "0.0.0.0:7000"}');
    expect(localHubUrl(runtime)).toBe("http://127.0.0.1:7000");
    writeFileSync(runtime.home.configPath, '{"listen": "[::1]:7000"}');
    expect(localHubUrl(runtime)).toBe("http://[::1]:7000");
    writeFileSync(runtime.home.hubFilePath, '{"url": "http://127.0.0.1:7001", "pid": 1}');
    expect(localHubUrl(runtime)).toBe("http://127.0.0.1:7001");
  });

  it.each(["", "{", "[]", '{"url": 7}', '{"url": "ftp://x"}', '{"url": "http://me:secret@x"}'])(
    "a broken hub file (%s) is passed over",
    (text) => {
      const runtime = fakeRuntime();
      writeFileSync(runtime.home.hubFilePath, text);
      expect(localHubUrl(runtime)).toBe("http://127.0.0.1:7747");
    },
  );
});

describe("which token", () => {
  it("is PRISM_TOKEN, else the file that is named, else the home's", () => {
    const facts = fakeRuntime();
    mkdirSync(join(facts.home.root, "in"));
    writeFileSync(facts.home.tokenPath, "home-token\n", { mode: 0o600 });
    writeFileSync(join(facts.home.root, "in", "named"), "named-token", { mode: 0o600 });
    const env = { PRISM_HOME: facts.home.root };
    const runtime = fakeRuntime({ env, cwd: facts.home.root });
    expect(hubTarget(none, runtime).token).toBe("home-token");
    expect(tokenSource(none, runtime)).toBe(runtime.home.tokenPath);
    const named = { ...none, tokenFile: "in/named" };
    expect(hubTarget(named, runtime).token).toBe("named-token");
    expect(tokenSource(named, runtime)).toBe(join(facts.home.root, "in", "named"));
    const given = fakeRuntime({ env: { ...env, PRISM_TOKEN: " given " } });
    expect(hubTarget(named, given).token).toBe("given");
    expect(tokenSource(named, given)).toBe("PRISM_TOKEN");
  });

  it("without one, the hub has never run here", () => {
    expect(codeOf(() => hubTarget(none, fakeRuntime()))).toBe("hub_unreachable");
    expect(codeOf(() => hubTarget({ ...none, tokenFile: "absent" }, fakeRuntime()))).toBe("not_found");
  });

  it("is never shown, not even when it is wrong", () => {
    const runtime = fakeRuntime({ env: { PRISM_TOKEN: "my secret" } });
    expect(() => hubTarget(none, runtime)).toThrow(ConfigError);
    expect(() => hubTarget(none, runtime)).not.toThrow(/secret/);
  });
});
