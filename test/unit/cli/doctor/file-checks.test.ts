import { chmodSync, lstatSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { homeCheck, keyChecks, privacyChecks, tokenCheck } from "../../../../src/cli/doctor/file-checks.ts";
import { diskChecks } from "../../../../src/cli/doctor/host-checks.ts";
import { ownFiles } from "../../../../src/cli/doctor/own-files.ts";
import { doctorStage } from "../../../support/doctor-stage.ts";

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe.skipIf(process.getuid === undefined)("the home folder", () => {
  it("is well when it is ours alone, and need not exist", () => {
    const { runtime, home, env } = doctorStage();
    expect(homeCheck(runtime())).toEqual({
      name: "home",
      verdict: "ok",
      finding: `${home}, closed to others`,
    });
    env["PRISM_HOME"] = join(home, "later");
    expect(homeCheck(runtime())).toMatchObject({
      verdict: "note",
      finding: expect.stringContaining("does not exist yet"),
    });
  });

  it("that others can enter is closed, if it is Prism's at all", async () => {
    const { runtime, home, file } = doctorStage();
    chmodSync(home, 0o755);
    const strange = homeCheck(runtime());
    expect(strange).toMatchObject({
      verdict: "warn",
      finding: `others can enter ${home} (mode 755)`,
      remedy: `close it to them: chmod 700 "${home}"`,
    });
    expect(strange.mend).toBeUndefined();
    file("home/token", "secret");
    await homeCheck(runtime()).mend?.run();
    expect(modeOf(home)).toBe(0o700);
  });

  it("that everybody could replace is not safe", () => {
    const { runtime, dir } = doctorStage();
    chmodSync(dir, 0o777);
    expect(homeCheck(runtime())).toMatchObject({
      verdict: "warn",
      finding: expect.stringContaining("everybody can write to"),
    });
    chmodSync(dir, 0o1777);
    expect(homeCheck(runtime())).toMatchObject({ verdict: "ok" });
  });

  it("may be no file", () => {
    const { runtime, env, file } = doctorStage();
    env["PRISM_HOME"] = file("not-a-folder");
    expect(homeCheck(runtime())).toMatchObject({ verdict: "fail", code: "not_found" });
  });
});

describe.skipIf(process.getuid === undefined)("files", () => {
  it("of the owner alone are counted", () => {
    const { runtime, file } = doctorStage();
    file("home/token", "secret");
    file("home/state/local/a@b/position");
    const found = privacyChecks(ownFiles(runtime().home), runtime());
    expect(found).toEqual([
      {
        name: "modes",
        verdict: "ok",
        finding: "2 files in 3 folders, all of them yours and closed to others",
      },
    ]);
  });

  it("that others can get at are named, and closed without a right more for their owner", async () => {
    const { runtime, file, folder } = doctorStage();
    const position = file("home/state/local/a@b/position", "", 0o644);
    const readOnly = file("home/state/local/a@b/surface.json", "{}", 0o444);
    const state = folder("home/state", 0o755);
    file("home/config.json", "{}", 0o644);
    file("home/log/prism-hub.log", "", 0o644);
    const [modes] = privacyChecks(ownFiles(runtime().home), runtime());
    expect(modes).toMatchObject({
      name: "modes",
      verdict: "warn",
      finding:
        "others can get at state (755), state/local/a@b/position (644), state/local/a@b/surface.json (444)",
    });
    await modes?.mend?.run();
    expect([modeOf(position), modeOf(readOnly), modeOf(state)]).toEqual([0o600, 0o400, 0o700]);
  });

  it("that are tokens break what needs them: a persona's, too", async () => {
    const { runtime, file } = doctorStage();
    const token = file("home/state/local/a@b/token", "secret-of-a", 0o640);
    const [tokens] = privacyChecks(ownFiles(runtime().home), runtime());
    expect(tokens).toMatchObject({ name: "tokens", verdict: "fail", code: "permission_denied" });
    expect(JSON.stringify(tokens)).not.toContain("secret-of-a");
    await tokens?.mend?.run();
    expect(modeOf(token)).toBe(0o600);
  });

  it("of somebody else beside Prism's are passed over; links are not followed", async () => {
    const { runtime, file, home } = doctorStage();
    file("home/notes.txt", "mine", 0o644);
    const target = file("elsewhere", "", 0o644);
    symlinkSync(target, join(home, "hub"));
    expect(privacyChecks(ownFiles(runtime().home), runtime())).toMatchObject([{ verdict: "ok" }]);
    // A link that came after the check, in the place of what was open.
    const position = file("home/state/local/a@b/position", "", 0o644);
    const [modes] = privacyChecks(ownFiles(runtime().home), runtime());
    const { rmSync } = await import("node:fs");
    rmSync(position);
    symlinkSync(target, position);
    await modes?.mend?.run();
    expect(lstatSync(position).isSymbolicLink()).toBe(true);
    expect(modeOf(target)).toBe(0o644);
  });

  it("the hub's store is looked at where it lies", () => {
    const { runtime, file, dir } = doctorStage();
    file("store/hub.db", "", 0o640);
    const found = privacyChecks(ownFiles(runtime().home, join(dir, "store")), runtime());
    expect(found).toMatchObject([
      { verdict: "warn", finding: `others can get at ${join(dir, "store/hub.db")} (640)` },
    ]);
  });
});

describe("the token", () => {
  it("is none before the first hub, and is never shown", () => {
    const { runtime, file, env } = doctorStage();
    expect(tokenCheck(runtime(), undefined)).toMatchObject({ verdict: "note" });
    const path = file("home/token", "top-secret\n");
    expect(tokenCheck(runtime(), undefined)).toEqual({
      name: "token",
      verdict: "ok",
      finding: `${path}, closed to others`,
    });
    expect(tokenCheck(runtime(), file("two", "one two"))).toMatchObject({
      verdict: "fail",
      code: "malformed",
    });
    env["PRISM_TOKEN"] = "top-secret";
    expect(tokenCheck(runtime(), undefined).finding).toBe("given by PRISM_TOKEN");
  });

  it.skipIf(process.getuid === undefined)("that others can read is closed, if it is this home's", () => {
    const { runtime, file } = doctorStage();
    file("home/token", "top-secret", 0o644);
    expect(tokenCheck(runtime(), undefined)).toMatchObject({
      verdict: "fail",
      code: "permission_denied",
      mend: expect.anything(),
    });
    // Somebody named that one, and may have their reasons.
    const named = tokenCheck(runtime(), file("named", "top-secret", 0o644));
    expect(named).toMatchObject({ verdict: "fail", remedy: expect.stringContaining("chmod 600") });
    expect(named.mend).toBeUndefined();
  });
});

it.skipIf(process.getuid === undefined)(
  "a hub's private key that others can read is no longer private",
  () => {
    const { file } = doctorStage();
    expect(keyChecks(undefined)).toEqual([]);
    expect(keyChecks(file("hub.key"))).toMatchObject([{ verdict: "ok" }]);
    expect(keyChecks(file("open.key", "", 0o644))).toMatchObject([
      { verdict: "warn", remedy: expect.stringContaining("take a new one") },
    ]);
  },
);

it("the disk is looked at above what does not exist yet", () => {
  const { runtime, home } = doctorStage();
  expect(diskChecks(runtime(), "not/yet/there")).toMatchObject([
    { name: "disk", verdict: expect.stringMatching(/ok|warn/) },
  ]);
  expect(diskChecks(runtime(), undefined)[0]?.finding).toContain(`free in ${home}`);
});
