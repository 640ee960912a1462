/**
 * A host that boots: who lingers has their hub and daemons back without a login, after a reboot as after a power cut,
 * and what was sent before is rung after. A small Debian of its own, with the built executable.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXECUTABLE } from "../support/prism-process.ts";
import { type Machine, openMachine } from "./machine.ts";
import { fine, type Prism, prismOf, USER, untilSo } from "./place.ts";

const PERSONAS = ["ann", "bob", "cy"] as const;

let machine: Machine;
let prism: Prism;
const sh = (script: string): Promise<string> => fine(machine, "sh", "-c", script);
const install = (persona: string) =>
  prism.asked(
    ...["service", "install", "daemon", "--persona", persona, "--project", "shop"],
    ...["--surface", "exec", "--exec-command", "true"],
  );

beforeAll(async () => {
  machine = await openMachine(EXECUTABLE);
  prism = prismOf(machine);
  await machine.boot();
  // What a login would do.
  await machine.root("systemctl", "start", `user@${USER.id}.service`);
});

afterAll(() => machine?.close());

test("who may not linger by themselves is told the command, and that is all it takes", async () => {
  await fine(machine, "mkdir", "shop");
  await fine(machine, machine.program, "install", "--hub");
  const reports = [];
  for (const persona of PERSONAS) reports.push(await install(persona));
  for (const { connected, notes } of reports) {
    expect(connected).toMatchObject({ isConnected: true });
    expect(notes).toEqual([expect.stringContaining(`sudo loginctl enable-linger ${USER.name}`)]);
  }
  expect(await machine.root("loginctl", "enable-linger", USER.name)).toMatchObject({ status: 0, err: "" });
  expect(await install("ann")).toMatchObject({ changed: false, notes: [] });
});

test.for([
  ["a reboot", "shutDown"],
  ["a power cut", "cutPower"],
] as const)(
  "after %s all are connected without a login, and ring for what was sent before",
  async ([, how]) => {
    for (const persona of PERSONAS) await prism.drained(persona, "shop");
    const sent = new Map<string, string>();
    for (const persona of PERSONAS) sent.set(persona, await prism.signal(`${persona}@shop`, "before"));
    await machine[how]();
    await machine.boot();
    await prism.connected(PERSONAS);
    expect((await machine.root("loginctl", "list-sessions", "--no-legend")).out).not.toMatch(/ user /);
    for (const [persona, id] of sent) {
      await untilSo(
        () => prism.asked("status"),
        ({ here }) =>
          here.some((one: Standing) => one.persona === persona && one.counters.doorbells.rung > 0),
      );
      expect(await prism.drained(persona, "shop")).toEqual([id]);
    }
  },
);

/** Counted in this life of the daemon. */
interface Standing {
  readonly persona: string;
  readonly counters: { readonly doorbells: { readonly rung: number } };
}

test("the journal has what a daemon says, and systemctl how it stands", async () => {
  const name = "prism-daemon-local-ann";
  // Told first some seconds after its start.
  await untilSo(
    () => sh(`systemctl --user show --property=StatusText ${name}`),
    (shown) => shown.trim() === "StatusText=ann@shop: connected",
  );
  const { out } = await machine.root("journalctl", "--boot", `_SYSTEMD_USER_UNIT=${name}.service`);
  expect(out).toContain("stands watch for ann@shop");
});

test("uninstalled, nothing comes back with the next boot; twice is as once", async () => {
  expect(await sh("prism uninstall")).toContain("the service of ann@shop");
  expect(await fine(machine, machine.program, "uninstall")).toContain(
    "there is nothing of Prism's to remove",
  );
  await machine.shutDown();
  await machine.boot();
  expect(await sh("systemctl --user list-units --all --plain --no-legend 'prism*'")).toBe("");
  expect(await sh("find . -path ./.prism -prune -o -not -type d -name '*prism*' -print")).toBe("");
  expect((await machine.root("ps", "-u", USER.name, "-o", "args=")).out).not.toContain("prism");
});
