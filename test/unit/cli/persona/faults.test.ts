/**
 * Creating and destroying a persona, with a fault at each single change that they make to the world: to a file, at the
 * hub, at the service manager, before it is made and after it was made and its answer got lost. The same command again
 * must come to the same end, and what failed must leave what was there before.
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { archived } from "../../../../src/cli/persona/archive.ts";
import { PrismError } from "../../../../src/domain/errors.ts";
import { type Changes, type Fault, NO_FAULT, withFault } from "../../../support/outer-world.ts";
import { type PersonaStage, personaStage } from "../../../support/persona-stage.ts";

interface Trial {
  readonly act: (stage: PersonaStage, changes?: Changes) => Promise<unknown>;
  readonly given?: (stage: PersonaStage) => Promise<unknown>;
}

const CHANGES_MAX = 400;
const dir = realpathSync(mkdtempSync(join(tmpdir(), "prism-t-")));
afterAll(() => {
  for (const path of [dir, `${dir}-kept`]) rmSync(path, { recursive: true, force: true });
});

/** Until the fault lies behind the last change. @returns how many there were */
async function eachFault(
  fault: Fault,
  { act, given }: Trial,
  then: (stage: PersonaStage, ended: { readonly failure: unknown; readonly before: string }) => Promise<void>,
): Promise<number> {
  const first = personaStage(dir);
  await given?.(first);
  const before = first.photo();
  const kept = first.keep(`${dir}-kept`);
  for (let at = 1; at < CHANGES_MAX; at++) {
    const stage = personaStage(dir, kept);
    const { failure, wasReached } = await withFault(fault, at, (changes) => act(stage, changes));
    if (!wasReached) return at - 1;
    await then(stage, { failure, before });
  }
  throw new Error(`more than ${CHANGES_MAX} changes`);
}

async function wholeOf({ act, given }: Trial): Promise<string> {
  const stage = personaStage(dir);
  await given?.(stage);
  await act(stage);
  return stage.photo();
}

const creating: Trial = { act: (stage, changes) => stage.create(changes) };
const destroying: Trial = {
  given: (stage) => stage.create(),
  act: (stage, changes) => stage.destroy(changes),
};
const purging: Trial = {
  given: (stage) => stage.create(),
  act: (stage, changes) => stage.destroy(changes, { purge: true }),
};
const changingOver: Trial = {
  given: (stage) => stage.create(),
  act: (stage, changes) =>
    stage.create(changes, { surface: "codex", leaseMs: 60_000, words: ["--lease=1m"] }),
};
const leaving: Trial = {
  given: (stage) => stage.create(),
  act: (stage, changes) => stage.create(changes, { noService: true }),
};
const archiving: Trial = {
  given: (stage) => stage.create(),
  act: (stage, changes = NO_FAULT) => archived(stage.world(changes)),
};

describe.each([
  ["create", creating],
  ["create with other flags", changingOver],
  ["create without its service", leaving],
  ["destroy", destroying],
  ["destroy --purge", purging],
  ["archive", archiving],
] as const)("%s", (_, trial) => {
  it("killed at any change, is finished by the same command", async () => {
    const whole = await wholeOf(trial);
    const changes = await eachFault("crash", trial, async (stage) => {
      await trial.act(stage);
      expect(stage.photo()).toBe(whole);
    });
    expect(changes).toBeGreaterThan(5);
  });
});

describe.each([
  ["create", creating],
  ["create with other flags", changingOver],
  ["create without its service", leaving],
] as const)("%s", (_, trial) => {
  it("failing at any change, leaves what was there before, and comes to its end when run again", async () => {
    const whole = await wholeOf(trial);
    await eachFault("fail", trial, async (stage, { failure, before }) => {
      if (failure !== undefined) {
        expect(failure).toBeInstanceOf(PrismError);
        expect(stage.photo()).toBe(before);
        await trial.act(stage);
      }
      expect(stage.photo()).toBe(whole);
    });
  });
});

it("create, killed while it takes back what it did, is finished by the same command", async () => {
  const whole = await wholeOf(creating);
  const act: Trial["act"] = (stage, changes) => {
    stage.trouble = "not connected yet: no route to the hub";
    return stage.create(changes);
  };
  await eachFault("crash", { act }, async (stage) => {
    stage.trouble = undefined;
    await stage.create();
    expect(stage.photo()).toBe(whole);
  });
});

it("destroy, failing at any change, goes on from there when run again", async () => {
  const whole = await wholeOf(destroying);
  await eachFault("fail", destroying, async (stage, { failure }) => {
    if (failure !== undefined) {
      expect(failure).toBeInstanceOf(PrismError);
      await stage.destroy();
    }
    expect(stage.photo()).toBe(whole);
  });
});

it("nothing is left of a persona that was created and destroyed", async () => {
  const before = personaStage(dir).photo();
  for (const trial of [destroying, purging]) expect(await wholeOf(trial)).toBe(before);
});
