/** Attach-time work of the built executable: however the daemon ends, nothing of it runs on, and it is told. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { endStarted, run, scratch, start } from "../support/prism-process.ts";
import { allEnded, isRunning } from "../support/process-ended.ts";

const posix = process.platform !== "win32";
const places: { remove(): void }[] = [];
afterEach(() => {
  endStarted();
  for (const place of places.splice(0)) place.remove();
});

interface Stage {
  readonly home: string;
  readonly shop: string;
  daemon(deps: string): ReturnType<typeof start>;
  /** The finding of doctor's check, once it is none of work under way. */
  finding(): Promise<{ readonly verdict: string; readonly finding: string }>;
}

function stage(): Stage {
  const place = scratch();
  places.push(place);
  const [home, shop] = [place.folder("home"), place.folder("shop")];
  const common = ["--persona", "reviewer", "--project", shop, "--surface", "exec", "--exec-command", "true"];
  return {
    ...{ home, shop },
    daemon: (deps) => start(home, ["daemon", ...common, "--attach-deps", deps], { cwd: shop }),
    async finding() {
      for (;;) {
        const { checks } = JSON.parse((await run(home, ["doctor", "--json"])).out);
        const check = checks.find(({ name }: { name: string }) => name === "attach reviewer@shop");
        if (check !== undefined && check.verdict !== "note") return check;
      }
    },
  };
}

async function written(path: string): Promise<string> {
  while (!existsSync(path) || !readFileSync(path, "utf8").endsWith("\n")) await new Promise(setImmediate);
  return readFileSync(path, "utf8").trim();
}

test.runIf(posix)("a failure keeps the daemon up, and doctor says why", async () => {
  const { daemon, finding } = stage();
  const running = await daemon("echo no such package >&2; exit 3");
  expect(await finding()).toMatchObject({
    verdict: "warn",
    finding: "the command of attachDeps: it ended with status 3: no such package",
  });
  expect(isRunning(running.pid)).toBe(true);
  expect(await running.kill("SIGTERM")).toBe(0);
});

test.runIf(posix).each(["SIGKILL", "SIGTERM"] as const)(
  "%s to the daemon leaves no child, and the next one begins anew",
  async (signal) => {
    const { shop, daemon, finding } = stage();
    const script = join(shop, "deps");
    writeFileSync(script, "trap '' TERM\nsleep 1000 &\necho \"$$ $!\" > pids\nwait\n");
    const first = await daemon("sh ./deps");
    const pids = (await written(join(shop, "pids"))).split(" ").map(Number);
    expect(pids.every(isRunning)).toBe(true);
    await first.kill(signal);
    const [second] = await Promise.all([daemon("true"), allEnded(pids)]);
    expect(await finding()).toMatchObject({ verdict: "ok" });
    await second.kill("SIGTERM");
  },
);

test.runIf(posix)("what was installed is not installed again by the next daemon", async () => {
  const { shop, daemon, finding } = stage();
  writeFileSync(join(shop, "package.json"), '{"name": "shop", "version": "1.0.0"}');
  writeFileSync(
    join(shop, "package-lock.json"),
    '{"name": "shop", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "shop", "version": "1.0.0"}}}',
  );
  const first = await daemon("auto");
  expect((await finding()).finding).toMatch(/^npm ci took/);
  await first.kill("SIGKILL");
  const second = await daemon("auto");
  expect((await finding()).finding).toMatch(/^npm ci: unchanged since/);
  await second.kill("SIGTERM");
});
