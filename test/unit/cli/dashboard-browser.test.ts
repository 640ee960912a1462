/** Where a link is opened: in the user's own browser, by a file that tells nobody else of it, or nowhere. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { openerFor, openInBrowser } from "../../../src/cli/dashboard/browser.ts";
import type { Runtime } from "../../../src/cli/runtime.ts";
import { homeAt } from "../../../src/host/home.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { until } from "../../support/until.ts";

test.each([
  ["linux", {}, null],
  ["linux", { DISPLAY: ":0" }, "xdg-open"],
  ["linux", { WAYLAND_DISPLAY: "wayland-0" }, "xdg-open"],
  ["linux", { SSH_CONNECTION: "a b", WAYLAND_DISPLAY: "wayland-0" }, null],
  ["linux", { SSH_CONNECTION: "a b", DISPLAY: "localhost:10" }, "xdg-open"],
  ["darwin", {}, "open"],
  ["darwin", { SSH_CONNECTION: "a b" }, null],
  ["win32", {}, "rundll32.exe"],
] as const)("on %s with %o it is opened by %s", (platform, env, command) => {
  expect(openerFor(platform, env)?.command ?? null).toBe(command);
});

const LINK = "http://127.0.0.1:1/?once=secret";

function screened(isTerminal: boolean) {
  const folder = tempDir();
  const bin = join(folder, "bin");
  const said = join(folder, "said");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "xdg-open"),
    `#!/bin/sh\nprintf '%s' "$*" > ${said}.new && mv ${said}.new ${said}\n`,
  );
  chmodSync(join(bin, "xdg-open"), 0o755);
  const home = homeAt(join(folder, "home"));
  const runtime = {
    ...{ home, env: { DISPLAY: ":0", PATH: `${bin}:/usr/bin:/bin` }, out: { isTerminal } },
  } as unknown as Runtime;
  return { home, runtime, said };
}

describe.skipIf(process.platform !== "linux")("the browser", () => {
  it("is given a file of the owner's alone, never the link; and the file can be taken away", async () => {
    const { runtime, said } = screened(true);
    const forget = await openInBrowser(LINK, runtime);
    await until(() => existsSync(said));
    const url = readFileSync(said, "utf8");
    expect(url).not.toContain("secret");
    const path = fileURLToPath(url);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toContain(`url=${LINK}`);
    forget();
    expect(existsSync(path)).toBe(false);
  });

  it("is not started where nobody reads the terminal", async () => {
    const { runtime, home } = screened(false);
    (await openInBrowser(LINK, runtime))();
    expect(existsSync(home.runDir) ? readdirSync(home.runDir) : []).toEqual([]);
  });

  it("that is not there harms nobody", async () => {
    const { runtime } = screened(true);
    const forget = await openInBrowser(LINK, { ...runtime, env: { DISPLAY: ":0", PATH: "/nowhere" } });
    forget();
  });
});
