import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTokens } from "../../../src/hub/tokens.ts";

const HOME = { tenant: "local", scope: "home" };

let dataDir: string;
let tokenPath: string;
let logged: string;
const log = (...line: unknown[]) => {
  logged += JSON.stringify(line);
};

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "prism-tokens-"));
  tokenPath = join(dataDir, "token");
  logged = "";
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const open = () => openTokens({ dataDir, tokenPath }, () => undefined, log);
const homeToken = () => readFileSync(tokenPath, "utf8").trim();

describe("tokens", () => {
  it("makes an owner-only token of 256 bits, and keeps only its hash", async () => {
    const tokens = await open();
    expect(statSync(tokenPath).mode & 0o777).toBe(0o600);
    expect(homeToken()).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(tokens.bearerOf(homeToken())).toEqual(HOME);
    const kept = readFileSync(join(dataDir, "tokens.json"), "utf8");
    expect(kept).not.toContain(homeToken());
    expect(statSync(join(dataDir, "tokens.json")).mode & 0o777).toBe(0o600);
    expect(logged).not.toContain(homeToken());
  });

  it("takes a token that is there already", async () => {
    writeFileSync(tokenPath, "chosen-by-hand\n", { mode: 0o600 });
    expect((await open()).bearerOf("chosen-by-hand")).toEqual(HOME);
    expect(homeToken()).toBe("chosen-by-hand");
  });

  it("knows no other token, whatever it looks like", async () => {
    const tokens = await open();
    for (const other of ["", " ", `${homeToken()} `, homeToken().slice(1), "__proto__", "constructor"])
      expect(tokens.bearerOf(other)).toBeUndefined();
  });

  it("forgets a token whose file was replaced", async () => {
    await open();
    const old = homeToken();
    rmSync(tokenPath);
    const tokens = await open();
    expect(homeToken()).not.toBe(old);
    expect(tokens.bearerOf(old)).toBeUndefined();
    expect(tokens.bearerOf(homeToken())).toEqual(HOME);
  });

  it("gives two hubs that start at once the same token", async () => {
    const both = await Promise.all([open(), open()]);
    for (const tokens of both) expect(tokens.bearerOf(homeToken())).toEqual(HOME);
  });

  it("keeps the tokens of other tenants", async () => {
    await open();
    const path = join(dataDir, "tokens.json");
    const file = JSON.parse(readFileSync(path, "utf8")) as { tokens: unknown[] };
    // SHA-256 of "theirs".
    const sha256 = "b4326f7138dbd5e2fef8ea0c9ed3de7f19d1fe4b94ba4b1a3c2e4a2b1b8e1b5e";
    file.tokens.push({ name: "other host", tenant: "acme", sha256 });
    writeFileSync(path, JSON.stringify(file), { mode: 0o600 });
    rmSync(tokenPath);
    await open();
    expect(readFileSync(path, "utf8")).toContain(sha256);
  });

  for (const [what, content] of [
    ["truncated", '{"version":1,"tok'],
    ["binary", "\u0000\u0001"],
    ["of another form", '{"version":7,"tokens":[]}'],
    ["with an unknown key", '{"version":1,"tokens":[],"extra":1}'],
  ] as const) {
    it(`sets a list aside that is ${what}, and goes on`, async () => {
      writeFileSync(join(dataDir, "tokens.json"), content, { mode: 0o600 });
      const tokens = await open();
      expect(tokens.bearerOf(homeToken())).toEqual(HOME);
      expect(readdirSync(dataDir).some((name) => name.startsWith("tokens.json.corrupt-"))).toBe(true);
      expect(logged).toContain("tokensCorrupt");
    });
  }

  it("refuses a token that others can read", async () => {
    writeFileSync(tokenPath, "seen-by-all\n");
    chmodSync(tokenPath, 0o644);
    await expect(open()).rejects.toMatchObject({ code: "permission_denied" });
    await expect(open()).rejects.not.toThrow("seen-by-all");
  });

  it("refuses a token file that holds none", async () => {
    writeFileSync(tokenPath, "two words\n", { mode: 0o600 });
    await expect(open()).rejects.toMatchObject({ code: "malformed" });
  });
});
