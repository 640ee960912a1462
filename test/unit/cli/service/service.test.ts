import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { typed } from "../../../support/fake-runtime.ts";
import { tempDir } from "../../../support/temp-dir.ts";

/** As much of systemctl as an installation asks of it, with its state in files. */
const SYSTEMCTL = `#!/bin/sh
for unit; do :; done
case "$*" in
  "--version") echo "systemd 252 (252.38)" ;;
  *--property=UnitPath) echo "UnitPath=$STATE/systemd/user" ;;
  *" is-enabled "*) [ -e "$STATE/enabled.$unit" ] ;;
  *" is-active "*) if [ -e "$STATE/active.$unit" ]; then echo active; else echo inactive; exit 3; fi ;;
  *" show "*) echo "LoadState=loaded"
     if [ -e "$STATE/running" ]; then echo "ActiveState=active"; else echo "ActiveState=failed"; fi; echo "Result=exit-code"; echo "ExecMainStatus=78"; echo "MainPID=0"; echo "NRestarts=1" ;;
  *) echo "$*" >> "$STATE/calls"
     [ -e "$STATE/broken" ] && { echo "Job for $unit failed." >&2; exit 1; }
     case "$*" in
       *" enable "*) touch "$STATE/enabled.$unit" ;;
       *" disable "*) rm -f "$STATE/enabled.$unit" ;;
       *" start "*) touch "$STATE/active.$unit" ;;
       *" stop "*) rm -f "$STATE/active.$unit" ;;
     esac ;;
esac
`;

function stage() {
  const dir = tempDir();
  const bin = join(dir, "bin");
  mkdirSync(bin);
  mkdirSync(join(dir, "shop"));
  const put = (name: string, script: string): void => {
    writeFileSync(join(bin, name), script);
    chmodSync(join(bin, name), 0o755);
  };
  put("systemctl", SYSTEMCTL);
  put("systemd-notify", "#!/bin/sh\n");
  put("loginctl", "#!/bin/sh\necho Access denied >&2; exit 1\n");
  const env = { PRISM_HOME: join(dir, "home"), STATE: dir, PATH: `${bin}:/usr/bin:/bin`, HOME: dir };
  const unit = join(dir, "systemd/user/prism-hub.service");
  const service = (...words: string[]) => typed(["service", ...words], { env, cwd: dir });
  return { dir, env, unit, service };
}

describe.skipIf(process.platform !== "linux")("prism service", () => {
  it("starts anew what runs, and ends at the first that does not come back", async () => {
    const { dir, service } = stage();
    await service("install", "hub");
    expect(JSON.parse((await service("restart", "--json")).out)).toEqual({
      restarted: [],
      asTheyWere: ["the hub"],
    });
    expect((await service("restart", "--older")).out).toBe("nothing had to be started anew\n");
    writeFileSync(join(dir, "running"), "");
    writeFileSync(join(dir, "broken"), "");
    const { status, err } = await service("restart");
    expect(status).toBe(69);
    expect(err).toContain(
      "the hub starts anew ...\nprism: the hub did not come back: could not stop prism-hub",
    );
    expect(err).toContain('hint: "prism doctor" says why');
  });

  it("installs the hub once, says how it fares, and removes it whole", async () => {
    const { dir, unit, service } = stage();
    const first = await service("install", "hub", "--data", "store", "--json");
    expect(first).toMatchObject({ status: 0, err: "" });
    expect(JSON.parse(first.out)).toMatchObject({
      name: "prism-hub",
      system: "systemd",
      file: unit,
      changed: true,
      connected: null,
    });
    expect(readFileSync(unit, "utf8")).toContain(`"hub" "--data=${join(dir, "store")}"`);
    expect(readFileSync(unit, "utf8")).toContain(`Environment="PRISM_HOME=${join(dir, "home")}"`);
    const again = await service("install", "hub", "--data", "store");
    expect(again.out).toContain("prism-hub was installed already, and runs; nothing was changed");
    expect(again.out).toContain("sudo loginctl enable-linger");
    const status = await service("status", "--json");
    expect(JSON.parse(status.out)).toMatchObject({
      services: [{ name: "prism-hub", state: "failed", restarts: 1, why: "exit status 78" }],
    });
    expect(await service("uninstall", "hub")).toMatchObject({
      status: 0,
      out: "removed prism-hub: nothing keeps the hub alive any more\n",
    });
    expect(
      [unit, join(dir, "enabled.prism-hub.service"), join(dir, "active.prism-hub.service")].filter(
        existsSync,
      ),
    ).toEqual([]);
    expect(await service("uninstall", "hub")).toMatchObject({
      status: 0,
      out: "this host keeps no service for the hub; nothing was done\n",
    });
  });

  it("shows what it would do, and does nothing", async () => {
    const { dir, service, unit } = stage();
    const words = [
      "daemon",
      "--persona",
      "ann",
      "--project",
      "shop",
      "--surface",
      "exec",
      "--exec-command",
      "echo 50% $X",
    ];
    const { out, status } = await service("install", ...words, "--dry-run");
    expect(status).toBe(0);
    expect(out).toContain(
      `"--persona" "ann" "--project" "${join(dir, "shop")}" "--surface=exec" "--exec-command=echo 50%% $X"`,
    );
    expect(out).toContain("  systemctl --user enable prism-daemon-local-ann.service\n");
    expect([existsSync(unit), existsSync(join(dir, "calls"))]).toEqual([false, false]);
  });

  it("a start that fails leaves nothing behind, and names the log", async () => {
    const { dir, service, unit } = stage();
    writeFileSync(join(dir, "broken"), "");
    const failed = await service("install", "hub");
    expect(failed.status).toBe(69);
    expect(failed.err).toContain("Job for");
    expect(failed.err).toContain("what was done before it is taken back");
    expect(existsSync(unit)).toBe(false);
  });

  it.each([
    [["install", "daemon"], "a daemon's service needs --persona PERSONA and --project DIR"],
    [["install", "hub", "--persona", "ann"], "the hub belongs to no persona and no project"],
    [["install", "hub", "--surface", "exec"], "--surface is for the daemon, not for the hub"],
    [["install", "daemon", "--persona", "ann", "--project", "shop"], "no surface is set up for ann here"],
    [
      ["install", "daemon", "--persona", "ann", "--project", "shop", "--listen", ":0"],
      "--listen is for the hub, not for the daemon",
    ],
    [["install", "shim"], 'WHAT must be hub or daemon, not "shim"'],
  ])("%j is refused", async (words, sentence) => {
    const { service, dir } = stage();
    const { status, err } = await service(...words);
    expect(err).toContain(sentence);
    expect(status).toBe(64);
    expect(existsSync(join(dir, "calls"))).toBe(false);
  });

  it("sees and ends a service also with a configuration that is broken", async () => {
    const { env, service } = stage();
    await service("install", "hub");
    writeFileSync(join(env.PRISM_HOME, "config.json"), '{"hubb": "x"}', { mode: 0o600 });
    expect(await service("status")).toMatchObject({
      status: 0,
      out: expect.stringContaining("exit status 78"),
    });
    expect((await service("install", "hub")).status).toBe(78);
    expect((await service("uninstall", "hub")).status).toBe(0);
  });

  it("says which variables of the shell a service does not see", async () => {
    const { dir, env } = stage();
    const more = { ...env, PRISM_TOKEN: "secret-word", PRISM_LOG_LEVEL: "debug" };
    const { out } = await typed(["service", "install", "hub"], { env: more, cwd: dir });
    expect(out.replace(/\s+/g, " ")).toContain(
      "the service does not see PRISM_LOG_LEVEL, PRISM_TOKEN of this shell",
    );
    expect(readFileSync(join(dir, "systemd/user/prism-hub.service"), "utf8")).not.toContain("secret-word");
  });
});

it("under launchd, which knows no final status, a daemon or hub ends with 0 where a start again is in vain", async () => {
  const env = { PRISM_LAUNCHER: "launchd" };
  const wrong = ["--no-such-flag"];
  expect((await typed(["daemon", ...wrong], { env })).status).toBe(0);
  expect((await typed(["hub", ...wrong], { env })).status).toBe(0);
  expect((await typed(["hub", ...wrong])).status).toBe(64);
  expect((await typed(["drain", ...wrong], { env })).status).toBe(64);
});
