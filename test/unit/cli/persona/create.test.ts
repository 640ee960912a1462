/** What is refused before anything is touched, what a failure says, and what stays as it is. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { archived } from "../../../../src/cli/persona/archive.ts";
import { mustBelongTo, mustHaveProgram, mustHaveServices } from "../../../../src/cli/persona/checks.ts";
import { readPersonaRecordIfWhole } from "../../../../src/cli/persona/record.ts";
import { restored } from "../../../../src/cli/persona/restore.ts";
import { PrismError } from "../../../../src/domain/errors.ts";
import { personaStage } from "../../../support/persona-stage.ts";
import { tempDir } from "../../../support/temp-dir.ts";
import { rejectedBy, thrownBy } from "../../../support/thrown.ts";

const stageHere = () => personaStage(join(tempDir(), "host"));

describe("create", () => {
  it("twice is the same as once, and says so", async () => {
    const stage = stageHere();
    expect(await stage.create()).toMatchObject({ changed: true });
    const photo = stage.photo();
    const again = await stage.create();
    expect(again.changed).toBe(false);
    expect(again.steps.map(({ change }) => change)).toEqual(["held", "held", "held", "held", "held"]);
    expect(stage.photo()).toBe(photo);
  });

  it("changes over to other flags: the old surface goes, to the byte", async () => {
    const stage = stageHere();
    const before = readFileSync(join(stage.shop, ".claude/settings.local.json"), "utf8");
    await stage.create();
    const { sha256 } = stage.identities.get("reviewer@shop") ?? {};
    await stage.create(undefined, { surface: "codex", leaseMs: 60_000, words: ["--lease=1m"] });
    expect(readFileSync(join(stage.shop, ".claude/settings.local.json"), "utf8")).toBe(before);
    expect(stage.identities.get("reviewer@shop")).toMatchObject({ sha256, leaseMs: 60_000 });
    expect(stage.manager.calls.filter((call) => / (stop|start) /.test(call))).toHaveLength(3);
    expect(readPersonaRecordIfWhole(stage.stateDir, "look")).toMatchObject({
      undertaking: "standing",
      surface: "codex",
      done: [],
    });
  });

  it("another surface alone starts its daemon anew; taken back, it runs with the one before", async () => {
    const stage = stageHere();
    const restarts = () => stage.manager.calls.splice(0).filter((call) => / (stop|start) /.test(call));
    const [stop, start] = ["stop", "start"].map(
      (verb) => `systemctl --user ${verb} prism-daemon-local-reviewer.service`,
    );
    await stage.create();
    expect(restarts()).toEqual([start]);
    stage.trouble = "not connected yet";
    const before = stage.photo();
    await rejectedBy(stage.create(undefined, { surface: "codex" }));
    expect(restarts()).toEqual([stop, start, stop, start]);
    expect(stage.photo()).toBe(before);
    stage.trouble = undefined;
    await stage.create(undefined, { surface: "codex" });
    expect(restarts()).toEqual([stop, start]);
  });

  it("makes a token anew that others can read, and starts the daemon anew with it", async () => {
    const stage = stageHere();
    await stage.create();
    const { sha256 } = stage.identities.get("reviewer@shop") ?? {};
    writeFileSync(join(stage.stateDir, "token"), "broken in two\n", { mode: 0o600 });
    const { steps } = await stage.create();
    expect(steps.map(({ change }) => change)).toEqual(["done", "done", "held", "done", "held"]);
    expect(stage.identities.get("reviewer@shop")?.sha256).not.toBe(sha256);
  });

  it("says which step failed, why, and what was taken back", async () => {
    const stage = stageHere();
    stage.trouble = "not connected yet: no route to the hub";
    const before = stage.photo();
    const { code, message, hint } = await rejectedBy(stage.create());
    expect([code, message]).toEqual([
      "daemon_unreachable",
      "could not see reviewer@shop connected: not connected yet: no route to the hub; taken back: service, surface, identity, token",
    ]);
    expect(hint).toContain("journalctl --user --unit prism-daemon-local-reviewer.service");
    expect(stage.photo()).toBe(before);
  });

  it("says what could not be taken back, and the command that takes it away", async () => {
    const stage = stageHere();
    stage.trouble = "not connected yet";
    const failing = stage.create({
      change(make) {
        const made = make();
        // From the start of its daemon on the hub is gone.
        if (stage.manager.active.size > 0)
          stage.hubTrouble = new PrismError("hub_unreachable", "the hub is gone");
        return made;
      },
    });
    const { message, hint } = await rejectedBy(failing);
    expect(message).toContain("could not be taken back: identity (the hub is gone)");
    expect(hint).toBe("what is left goes with: prism persona destroy reviewer@shop");
    expect(readPersonaRecordIfWhole(stage.stateDir, "look")).toMatchObject({ undertaking: "creating" });
    stage.hubTrouble = undefined;
    expect(await stage.destroy()).toMatchObject({ existed: true });
    expect(stage.identities.size).toBe(0);
    expect([...stage.manager.enabled]).toEqual([]);
  });

  it("told to stop, takes back what it did", async () => {
    const stage = stageHere();
    const before = stage.photo();
    const stopping = stage.create({
      change(make) {
        stage.stop.abort(new PrismError("interrupted", "stopped by SIGINT"));
        return make();
      },
    });
    const { code, message } = await rejectedBy(stopping);
    expect([code, message]).toEqual([
      "interrupted",
      "could not set reviewer@shop up in Claude Code: stopped by SIGINT; taken back: identity, token",
    ]);
    expect(stage.photo()).toBe(before);
  });

  it("a record that can't be read is set aside, and all is looked at anew", async () => {
    const stage = stageHere();
    await stage.create();
    writeFileSync(join(stage.stateDir, "persona.json"), "{", { mode: 0o600 });
    expect((await stage.create()).changed).toBe(false);
    expect(readPersonaRecordIfWhole(stage.stateDir, "look")).toMatchObject({ undertaking: "standing" });
    expect(readFileSync(join(stage.stateDir, "persona.json.corrupt"), "utf8")).toBe("{");
  });

  it.each([
    ["a daemon by hand", "already_running", "a daemon, process 4711, stands watch for reviewer@shop already"],
    ["another host", "address_taken", "reviewer@shop is held by a daemon on desk, in "],
  ])("%s that holds it is named", async (who, code, words) => {
    const stage = stageHere();
    stage.manager.active.add("prism-daemon-local-reviewer.service");
    const world = stage.world();
    const elsewhere = { ...world, daemon: { ...world.daemon, runs: async () => false } };
    const before = stage.photo();
    const error = await rejectedBy(stage.createIn(who === "another host" ? elsewhere : world));
    expect([error.code, error.message.slice(0, words.length)]).toEqual([code, words]);
    expect(stage.photo()).toBe(before);
  });

  it("belongs to one folder", async () => {
    const stage = stageHere();
    await stage.create();
    const record = readPersonaRecordIfWhole(stage.stateDir, "look");
    const { who } = stage.world();
    mustBelongTo(stage.shop, who, record);
    expect(thrownBy(() => mustBelongTo("/other/shop", who, record))).toMatchObject({
      code: "already_running",
      message: `reviewer@shop belongs to ${stage.shop}, and stays there for its life`,
    });
  });

  it("needs the agent's program", () => {
    const bin = tempDir();
    const flags = { claudeProgram: undefined, codexProgram: undefined };
    const env = { PATH: bin };
    expect(thrownBy(() => mustHaveProgram("claude-code", flags, env))).toMatchObject({
      code: "not_found",
      message: 'Claude Code is not here: there is no program "claude"',
      hint: "install it first, or name it with --claude-program",
    });
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "claude"), "#!/bin/sh\n", { mode: 0o755 });
    mustHaveProgram("claude-code", flags, env);
    mustHaveProgram("exec", flags, env);
  });
});

describe("without a service", () => {
  const bare = () => {
    const stage = stageHere();
    stage.isBare = true;
    return stage;
  };

  it("is made where no service manager answers, and all else works there", async () => {
    const stage = bare();
    const empty = stage.photo();
    const made = await stage.create(undefined, { noService: true });
    expect(made.steps.slice(3).map(({ change, says }) => [change, says])).toEqual([
      ["held", "none, as asked"],
      ["held", "its daemon is yet to be started"],
    ]);
    expect(made.mustStart).toBe(true);
    expect(readPersonaRecordIfWhole(stage.stateDir, "look")).toMatchObject({
      undertaking: "standing",
      noService: true,
    });
    const photo = stage.photo();
    expect((await stage.create(undefined, { noService: true })).changed).toBe(false);
    expect((await archived(stage.world())).steps.map(({ step }) => step)).toEqual(["duty", "daemon"]);
    expect((await restored(undefined, stage.world())).steps.map(({ step }) => step)).toEqual(["duty"]);
    expect(stage.photo()).toBe(photo);
    stage.isHandStarted = true;
    expect((await stage.destroy()).steps).toContainEqual(
      expect.objectContaining({ step: "daemon", change: "done" }),
    );
    expect(stage.photo()).toBe(empty);
  });

  it("waits for a daemon that runs already, unless that has what was before", async () => {
    const stage = bare();
    const now = stage.startedAtMs;
    Object.assign(stage, { isHandStarted: true, startedAtMs: now - 1 });
    const create = (...words: string[]) => stage.create(undefined, { noService: true, words });
    const stale = "the daemon that runs, process 4711, has what was before: end it, and start it again";
    expect(await create()).toMatchObject({ changed: true, mustStart: true, notes: [stale] });
    expect(await create()).toMatchObject({ changed: false, mustStart: true, notes: [stale] });
    stage.startedAtMs = now;
    expect(await create()).toMatchObject({ changed: false, mustStart: false });
    expect(await create("--lease=1m")).toMatchObject({ changed: true, mustStart: true });
    stage.trouble = "not connected yet: no route to the hub";
    expect((await rejectedBy(create("--lease=1m"))).message).toContain("no route to the hub");
  });

  it("changes over from a service, and to one", async () => {
    const stage = stageHere();
    await stage.create();
    const photo = stage.photo();
    expect(await stage.create(undefined, { noService: true })).toMatchObject({
      changed: true,
      mustStart: true,
    });
    expect([...stage.manager.enabled, ...stage.manager.active]).toEqual([]);
    expect(readPersonaRecordIfWhole(stage.stateDir, "look")).not.toHaveProperty("service");
    expect(await stage.create()).toMatchObject({ changed: true, mustStart: false });
    expect(stage.photo()).toBe(photo);
  });

  it("a daemon by hand is in the way of a service, and is not once it is said whose it is", async () => {
    const stage = stageHere();
    await stage.create(undefined, { noService: true });
    stage.isHandStarted = true;
    expect(await rejectedBy(stage.create())).toMatchObject({
      code: "already_running",
      hint: "end it first: kill 4711; or leave it to whoever started it: --no-service",
    });
  });

  it("what has a service here is not touched while that can't be reached, and there is a way on", async () => {
    const stage = stageHere();
    await stage.create();
    stage.isBare = true;
    const photo = stage.photo();
    for (const act of [() => stage.destroy(), () => archived(stage.world())]) {
      const { code, message, hint } = await rejectedBy(act());
      expect([code, message]).toEqual([
        "unsupported",
        "prism-daemon-local-reviewer can't be reached: no service manager of the user ann answers",
      ]);
      expect(hint).toBe(
        `log in as this user; or, if this host has none for good: prism persona create reviewer --project ${stage.shop} --no-service`,
      );
    }
    expect(stage.photo()).toBe(photo);
    const { notes } = await stage.create(undefined, { noService: true });
    expect(notes[0]).toContain("prism service uninstall daemon --persona reviewer --project shop");
    expect(await stage.destroy()).toMatchObject({ existed: true });
  });

  it("is refused where that was not asked for, and the hint says how to ask", () => {
    const stage = bare();
    expect(thrownBy(() => mustHaveServices(stage.world()))).toMatchObject({
      code: "unsupported",
      hint: "log in as this user; or give --no-service, and start its daemon yourself",
    });
  });
});

describe("archive and restore", () => {
  it("keep everything, and bring it back; archived it can't be created", async () => {
    const stage = stageHere();
    await stage.create();
    const photo = stage.photo();
    expect((await archived(stage.world())).steps.map(({ says }) => says)).toEqual([
      "off duty, 1 session ended",
      "none runs",
      "prism-daemon-local-reviewer stopped, disabled",
    ]);
    expect(await rejectedBy(stage.create())).toMatchObject({
      code: "persona_archived",
      hint: "bring it back: prism persona restore reviewer@shop",
    });
    expect((await restored(stage.spec(), stage.world())).changed).toBe(true);
    expect(stage.photo()).toBe(photo);
    expect((await restored(stage.spec(), stage.world())).changed).toBe(false);
  });

  it("a restore that fails leaves it archived", async () => {
    const stage = stageHere();
    await stage.create();
    await archived(stage.world());
    const photo = stage.photo();
    stage.trouble = "not connected yet";
    expect((await rejectedBy(restored(stage.spec(), stage.world()))).message).toBe(
      "could not see reviewer@shop connected: not connected yet; taken back: service, duty",
    );
    expect(stage.photo()).toBe(photo);
  });
});

describe("destroy", () => {
  it("without the hub touches nothing; offline it leaves what is there to the same command", async () => {
    const stage = stageHere();
    await stage.create();
    const photo = stage.photo();
    stage.hubTrouble = new PrismError("hub_unreachable", "the hub does not answer", { hint: "start it" });
    expect(await rejectedBy(stage.destroy())).toMatchObject({
      message: "the hub does not answer; nothing was touched",
      hint: "start it; or take away what is on this host alone: prism persona destroy reviewer@shop --offline",
    });
    expect(stage.photo()).toBe(photo);
    expect(await stage.destroy(undefined, { offline: true, purge: true })).toMatchObject({
      isLeftAtHub: true,
    });
    stage.hubTrouble = undefined;
    expect(stage.identities.size).toBe(1);
    // What was said first still holds: the data go.
    expect(await stage.destroy()).toMatchObject({ existed: true, purge: true, isLeftAtHub: false });
    expect(stage.identities.size).toBe(0);
    expect(await stage.destroy()).toMatchObject({ existed: false, changed: false, steps: [] });
  });
});
