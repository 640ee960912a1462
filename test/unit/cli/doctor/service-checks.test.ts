import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { failureIn, serviceChecks } from "../../../../src/cli/doctor/service-checks.ts";
import { serviceEnd } from "../../../../src/cli/doctor/service-ends.ts";
import { servicesHere } from "../../../../src/cli/service/here.ts";
import { PrismError } from "../../../../src/domain/errors.ts";
import { ownerLine } from "../../../../src/launchers/owner.ts";
import { type DoctorStage, doctorStage } from "../../../support/doctor-stage.ts";
import { typed } from "../../../support/fake-runtime.ts";

/** A manager that says of each unit what stands in `show`, and whose enabled ones are files. */
const SYSTEMCTL = `
for unit; do case "$unit" in *.service) break ;; esac; done
case "$*" in
  "--version") echo "systemd 252 (252.38)" ;;
  *--property=UnitPath) echo "UnitPath=$STATE/systemd/user" ;;
  *" is-enabled "*) [ -e "$STATE/enabled.$unit" ] ;;
  *" is-active "*) if [ -e "$STATE/active.$unit" ]; then echo active; else echo inactive; exit 3; fi ;;
  *" show "*) if [ -e "$STATE/show" ]; then cat "$STATE/show"; else
       echo LoadState=loaded; echo ActiveState=active; echo SubState=running; echo Result=success; echo MainPID=4711; echo NRestarts=0; echo ExecMainStatus=0
       if [ -e "$STATE/enabled.$unit" ]; then echo UnitFileState=enabled; else echo UnitFileState=disabled; fi; fi ;;
  *) echo "$*" >> "$STATE/calls"
     case "$*" in
       *" enable "*) touch "$STATE/enabled.$unit" ;;
       *" start "*) touch "$STATE/active.$unit"; rm -f "$STATE/show" ;;
     esac ;;
esac`;

const LINGER = "/var/lib/systemd/linger";

function stage(): DoctorStage {
  const made = doctorStage();
  made.program("systemctl", SYSTEMCTL);
  made.program("systemd-notify", "");
  made.program("loginctl", 'echo "$*" >> "$STATE/loginctl"; touch "$STATE/lingers"');
  // The one file that this looks at outside of the test's own folder.
  made.program(
    "test",
    `case "$2" in ${LINGER}/*) [ -e "$STATE/lingers" ] ;; *) exec /usr/bin/test "$@" ;; esac`,
  );
  made.program("journalctl", 'cat "$STATE/journal" 2>/dev/null');
  return made;
}

async function installed(...more: string[]) {
  const made = stage();
  const { env, dir } = made;
  const ran = await typed(["service", "install", "hub", ...more], { env, cwd: dir });
  expect(ran.status, ran.err).toBe(0);
  rmSync(join(dir, "calls"));
  return { ...made, unit: join(dir, "systemd/user/prism-hub.service") };
}

async function look({ runtime }: DoctorStage) {
  const here = runtime();
  const checks = await serviceChecks(await servicesHere(here), here);
  return new Map(checks.map((check) => [check.name, check]));
}

const showing = (made: DoctorStage, facts: string): string =>
  made.file("show", `${facts.replaceAll(" ", "\n")}\n`);
const FAILED =
  "LoadState=loaded ActiveState=failed SubState=failed Result=exit-code MainPID=0 NRestarts=3 UnitFileState=enabled";

describe.skipIf(process.platform !== "linux")("services", () => {
  it("that nobody keeps are none, and a host without a manager is well", async () => {
    expect(await look(stage())).toEqual(
      new Map([
        [
          "launcher",
          { name: "launcher", verdict: "note", finding: "systemd keeps nothing of this home alive" },
        ],
      ]),
    );
    const silent = new PrismError("unsupported", "no service manager answers", { hint: "log in" });
    expect(await serviceChecks(silent, doctorStage().runtime())).toEqual([
      { name: "launcher", verdict: "note", finding: "no service manager answers", remedy: "log in" },
    ]);
  });

  it("that run as this version would have them need nothing", async () => {
    const made = await installed("--data", "store");
    const checks = await look(made);
    expect([...checks.values()].map(({ name, verdict, finding }) => [name, verdict, finding])).toEqual([
      ["launcher", "ok", "systemd answers, and keeps 1 service of this home"],
      ["service prism-hub", "ok", "the hub is running (process 4711)"],
      ["linger", "ok", "services start at boot, without a login"],
    ]);
    expect(existsSync(join(made.dir, "calls"))).toBe(false);
  });

  it("that are not started again are enabled, and nothing else of them is touched", async () => {
    const made = await installed();
    rmSync(join(made.dir, "enabled.prism-hub.service"));
    const check = (await look(made)).get("service prism-hub");
    expect(check).toMatchObject({
      verdict: "warn",
      finding: "the hub is running, and is not started again at login or boot: it is not enabled",
      remedy: "enable it: systemctl --user enable prism-hub.service",
    });
    await check?.mend?.run();
    expect(readFileSync(join(made.dir, "calls"), "utf8")).toBe("--user enable prism-hub.service\n");
    expect((await look(made)).get("service prism-hub")?.verdict).toBe("ok");
  });

  it("that end with their login are let run without one", async () => {
    const made = await installed();
    rmSync(join(made.dir, "lingers"));
    const check = (await look(made)).get("linger");
    expect(check).toMatchObject({
      verdict: "warn",
      finding: "1 service of this home starts at your login and ends with it: lingering is off",
      remedy: expect.stringContaining("loginctl enable-linger "),
    });
    await check?.mend?.run();
    expect((await look(made)).get("linger")?.verdict).toBe("ok");
  });

  it("that fail by their configuration show what their log says, and are not started again by --fix", async () => {
    const made = await installed();
    showing(made, `${FAILED} ExecMainStatus=78`);
    made.file(
      "journal",
      "Nov 21 15:00:00 host prism[7]: prism: --listen must be HOST:PORT\nNov 21 15:00:00 host prism[7]:   hint: as in 127.0.0.1:7747\nNov 21 15:00:00 host systemd[1]: prism-hub.service: Failed\n",
    );
    const check = (await look(made)).get("service prism-hub");
    expect(check).toMatchObject({
      verdict: "fail",
      code: "hub_unreachable",
      finding:
        "the hub has failed and is not started again, started again 3 times: exit status 78: its configuration is at fault or its persona archived, and no start mends that; its log: --listen must be HOST:PORT (as in 127.0.0.1:7747)",
      remedy:
        "mend what its log says (journalctl --user --unit prism-hub.service --no-pager --lines 20), then: systemctl --user start prism-hub.service",
    });
    expect(check?.mend).toBeUndefined();
  });

  it("that gave up for another reason are started again", async () => {
    const made = await installed();
    rmSync(join(made.dir, "active.prism-hub.service"));
    showing(made, FAILED.replace("exit-code", "start-limit-hit"));
    const check = (await look(made)).get("service prism-hub");
    expect(check?.finding).toContain("start-limit-hit: it failed so often that the system tries no more");
    await check?.mend?.run();
    expect(readFileSync(join(made.dir, "calls"), "utf8")).toBe(
      "--user reset-failed prism-hub.service\n--user start prism-hub.service\n",
    );
    expect((await look(made)).get("service prism-hub")?.verdict).toBe("ok");
  });

  it("that fail again and again, ended in order, or are not known are told apart", async () => {
    const made = await installed();
    const finding = async (facts: string) => {
      showing(made, facts);
      return (await look(made)).get("service prism-hub");
    };
    expect(
      await finding(
        "LoadState=loaded ActiveState=activating SubState=auto-restart Result=watchdog NRestarts=1 UnitFileState=enabled",
      ),
    ).toMatchObject({
      verdict: "warn",
      finding:
        "the hub fails again and again, started again once, last with watchdog: it hung, and was ended by its watchdog",
    });
    expect(
      await finding(
        "LoadState=loaded ActiveState=inactive SubState=dead Result=success UnitFileState=enabled",
      ),
    ).toMatchObject({
      verdict: "note",
      remedy: "to have it again: systemctl --user start prism-hub.service",
    });
    expect(await finding("LoadState=not-found")).toMatchObject({
      verdict: "warn",
      finding: "the file of the hub is there, and systemd does not know it",
    });
  });

  it("of an archived persona are off duty, however its daemon ended", async () => {
    const made = stage();
    const owner = {
      kind: "daemon",
      home: made.home,
      tenant: "local",
      persona: "ada",
      project: "shop",
    } as const;
    const unit = `# ${ownerLine(owner)}\n[Service]\nExecStart=:"/bin/sh" "daemon"\n`;
    made.file("systemd/user/prism-daemon-local-ada.service", unit);
    const record = { version: 1, undertaking: "archived", done: [], createdAtMs: 1, changedAtMs: 2 };
    made.file("home/state/local/ada@shop/persona.json", JSON.stringify(record));
    showing(made, `${FAILED} ExecMainStatus=78`);
    expect((await look(made)).get("service prism-daemon-local-ada")).toEqual({
      name: "service prism-daemon-local-ada",
      verdict: "note",
      finding: "the daemon of ada@shop is archived: off duty until it is restored",
    });
  });

  it("whose program is gone are to be started by another", async () => {
    const made = await installed("--data", "store");
    const text = readFileSync(made.unit, "utf8");
    writeFileSync(made.unit, text.replace(/^ExecStart=:"[^"]+"/m, 'ExecStart=:"/nowhere/prism"'));
    expect((await look(made)).get("service prism-hub")).toEqual({
      name: "service prism-hub",
      verdict: "fail",
      finding: "the hub is to be started by /nowhere/prism, which does not exist",
      remedy: `have it started by a program that does: prism service install hub '--data=${join(made.dir, "store")}'`,
      code: "not_found",
    });
  });

  it("whose file is not what this version writes are told how to have it", async () => {
    const made = await installed();
    const text = readFileSync(made.unit, "utf8");
    writeFileSync(made.unit, text.replace("LimitCORE=0\n", ""));
    expect((await look(made)).get("unit prism-hub")).toMatchObject({
      verdict: "note",
      remedy: "have it written anew, which starts it anew: prism service install hub",
    });
    writeFileSync(made.unit, text.replace(/^ExecStart=.*$/m, "ExecStart=/bin/true"));
    expect((await look(made)).get("unit prism-hub")?.finding).toContain(
      "is not as any version of Prism writes it",
    );
  });
});

describe("the end of a service", () => {
  it.each([
    ["exit status 64", true, /command line/],
    ["exit status 78", true, /configuration/],
    ["last result 78", true, /configuration/],
    ["exit status 203", false, /could not be started/],
    ["oom-kill", false, /memory/],
    ["exit status 5", false, /^exit status 5$/],
  ])("%s", (why, isFinal, words) => {
    expect(serviceEnd(why)).toEqual({ isFinal, words: expect.stringMatching(words) });
  });
});

it("a log's last failure is found among other lines, and none where there is none", () => {
  expect(failureIn("prism: old\n  hint: x\nprism: new\nlater\n")).toBe("new");
  expect(failureIn("prism: it broke\n  hint: mend it\n")).toBe("it broke (mend it)");
  expect(failureIn("all is well\n")).toBeUndefined();
});
