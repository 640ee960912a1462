import { chmodSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { claimHome, claimStore } from "../../../src/cli/claim.ts";
import { homeAt } from "../../../src/host/home.ts";
import { STORE_FILE_NAME } from "../../../src/hub/store/sqlite-file.ts";

function folder(mode: number, files: readonly string[] = []): string {
  const path = join(mkdtempSync(join(tmpdir(), "prism-claim-")), "it");
  mkdirSync(path);
  for (const file of files) writeFileSync(join(path, file), "");
  chmodSync(path, mode);
  return path;
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

it("makes a home that is not there, and closes an empty one", () => {
  const absent = join(folder(0o755), "new");
  claimHome(homeAt(absent));
  expect(modeOf(absent)).toBe(0o700);
  const empty = folder(0o755);
  claimHome(homeAt(empty));
  expect(modeOf(empty)).toBe(0o700);
});

it("closes a home or store that is ours by its files", () => {
  const home = folder(0o755, ["config.json", "else"]);
  claimHome(homeAt(home));
  expect(modeOf(home)).toBe(0o700);
  expect(() => claimStore(folder(0o755, [STORE_FILE_NAME]))).not.toThrow();
});

it("takes what is closed already, whatever is in it", () => {
  expect(() => claimStore(folder(0o700, ["else"]))).not.toThrow();
  expect(() => claimStore(join(folder(0o700), "absent"))).not.toThrow();
});

it.skipIf(process.platform === "win32")(
  "refuses what is open and holds other things, and leaves it so",
  () => {
    const busy = folder(0o755, ["thesis.txt"]);
    for (const claim of [() => claimStore(busy), () => claimHome(homeAt(busy))]) {
      expect(claim).toThrow("holds other things and is open to others");
    }
    expect(modeOf(busy)).toBe(0o755);
  },
);
