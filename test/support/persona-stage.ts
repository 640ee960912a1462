/**
 * A host on which a persona can be created: real files in a folder of its own, a service manager and a hub that are
 * played, and a daemon that is connected exactly when a real one would be. All of it can be photographed.
 */
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { created, formerSurfaces, mustRestart } from "../../src/cli/persona/create.ts";
import { destroyed } from "../../src/cli/persona/destroy.ts";
import type { Wish } from "../../src/cli/persona/making.ts";
import { readPersonaRecordIfWhole } from "../../src/cli/persona/record.ts";
import type { HubSide, PersonaWorld, ServicesSide } from "../../src/cli/persona/world.ts";
import { specOf } from "../../src/cli/service/spec.ts";
import { placementOf } from "../../src/cli/surface/set-up.ts";
import { whose } from "../../src/cli/surface/whose.ts";
import { PrismError } from "../../src/domain/errors.ts";
import type { PersonaReport, SessionReport, VerbAnswers, VerbName } from "../../src/domain/verbs.ts";
import { ensureHome } from "../../src/host/home.ts";
import { readServiceFile } from "../../src/launchers/service-file.ts";
import type { LauncherSpec } from "../../src/launchers/spec.ts";
import { systemdLauncher } from "../../src/launchers/systemd/systemd.ts";
import { fakeRuntime } from "./fake-runtime.ts";
import { fakeSystemd } from "./fake-service-hosts.ts";
import { type Changes, NO_FAULT } from "./outer-world.ts";

export const SETTINGS =
  '{\n    "model": "opus",\n    "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]}\n}\n';
const NAME = "prism-daemon-local-reviewer";
const UNIT = `${NAME}.service`;
const AT_MS = 1_795_000_000_000;
/** What a question to systemd looks like: it changes nothing. */
const QUESTION = /--version|\bshow\b|is-(active|enabled)|^test /;

const NO_SERVICES = new PrismError("unsupported", "no service manager of the user ann answers", {
  hint: "log in as this user",
});

interface Identity {
  readonly sha256: string;
  readonly leaseMs: number;
  readonly isArchived: boolean;
}

export interface PersonaStage {
  readonly dir: string;
  readonly shop: string;
  readonly stateDir: string;
  readonly identities: Map<string, Identity>;
  readonly manager: ReturnType<typeof fakeSystemd>;
  /** What its daemon says while it is not connected; undefined: it is, where it can be. */
  trouble: string | undefined;
  /** What the hub says instead of answering. */
  hubTrouble: PrismError | undefined;
  /** No service manager answers on this host. */
  isBare: boolean;
  /** A daemon that somebody started by hand. */
  isHandStarted: boolean;
  /** Since when its daemon runs, if it does. */
  startedAtMs: number;
  /** Told to stop. */
  readonly stop: AbortController;
  world(changes?: Changes): PersonaWorld;
  create(changes?: Changes, wish?: Partial<Wished>): ReturnType<typeof created>;
  /** In a world that the test has changed. */
  createIn(world: PersonaWorld): ReturnType<typeof created>;
  /** What its service is, as created without a wish. */
  spec(): LauncherSpec;
  destroy(
    changes?: Changes,
    how?: Partial<{ purge: boolean; offline: boolean }>,
  ): ReturnType<typeof destroyed>;
  /** Every file, identity and service, as one text. */
  photo(): string;
  /** All of it, to begin from again and again. @param files a folder for the copies */
  keep(files: string): Kept;
}

export interface Kept {
  readonly files: string;
  readonly identities: readonly (readonly [string, Identity])[];
  readonly enabled: readonly string[];
  readonly active: readonly string[];
}

export interface Wished {
  readonly surface: "claude-code" | "codex" | "exec";
  readonly leaseMs: number;
  readonly words: readonly string[];
  readonly noService: boolean;
}

/** @param dir of its own; what is in it goes: so two stages of one test have the same paths */
export function personaStage(dir: string, from?: Kept): PersonaStage {
  rmSync(dir, { recursive: true, force: true });
  if (from !== undefined) cpSync(from.files, dir, { recursive: true });
  const shop = join(dir, "shop");
  mkdirSync(join(shop, ".claude"), { recursive: true });
  if (from === undefined) {
    writeFileSync(join(shop, ".claude", "settings.local.json"), SETTINGS, { mode: 0o640 });
  }
  const runtime = fakeRuntime({ env: { PRISM_HOME: join(dir, "home"), HOME: dir, PATH: "/usr/bin:/bin" } });
  ensureHome(runtime.home);
  const who = whose({ persona: "reviewer", project: "shop" }, undefined, runtime.home);
  const owner = { kind: "daemon", home: runtime.home.root, tenant: "local", ...who.address } as const;
  const unitDir = join(dir, "systemd", "user");
  mkdirSync(unitDir, { recursive: true });
  const manager = fakeSystemd(unitDir, new Set(["ann"]));
  const identities = new Map<string, Identity>(from?.identities);
  // As after a reload: it knows the units that stand there.
  for (const unit of from?.enabled ?? []) void manager.run(["systemctl", "--user", "enable", unit], 0);
  for (const unit of from?.active ?? []) manager.active.add(unit);
  const project = { name: "shop", root: shop };

  const hubWith = ({ change }: Changes): HubSide => ({
    url: "http://127.0.0.1:7747",
    async ask(verb, params) {
      if (stage.hubTrouble !== undefined) throw stage.hubTrouble;
      return answer(verb, params as never, change) as never;
    },
    accepts: async (token) => identities.get(who.shown)?.sha256 === sha256(token),
  });

  function answer(
    verb: VerbName,
    params: { readonly tokenSha256: string; readonly leaseMs?: number },
    change: Changes["change"],
  ): VerbAnswers[VerbName] {
    const known = identities.get(who.shown);
    const address = who.shown;
    switch (verb) {
      case "status":
        return {
          hub: { id: "h", version: "1", protocol: 1, nowMs: AT_MS, startedAtMs: AT_MS },
          tenant: "local",
          agents: [],
          daemons: isRunning() ? [sessionOf(address, shop)] : [],
          waiting: [],
        };
      case "persona_list":
        return { personas: known === undefined ? [] : [reportOf(address, known)] };
      case "persona_create":
        return change(() => {
          const leaseMs = params.leaseMs ?? known?.leaseMs ?? 7 * 86_400_000;
          identities.set(address, { isArchived: false, ...known, sha256: params.tokenSha256, leaseMs });
          return { address, tenant: "local", isNew: known === undefined, state: "active" };
        });
      case "persona_archive":
      case "persona_restore":
        return change(() => {
          const isArchived = verb === "persona_archive";
          if (known !== undefined) identities.set(address, { ...known, isArchived });
          if (isArchived) manager.active.delete(UNIT);
          return isArchived ? { address, wrapped: ["s-1"] } : { address, waiting: 2 };
        });
      case "persona_destroy":
        return change(() => {
          identities.delete(address);
          manager.active.delete(UNIT);
          return { address, existed: known !== undefined, expired: 0 };
        });
      case "wrap":
        return change(() => {
          manager.active.delete(UNIT);
          return { wrapped: ["s-1"] };
        });
      default:
        throw new Error(`this hub has no ${verb}`);
    }
  }

  const isRunning = (): boolean => manager.active.has(UNIT) || stage.isHandStarted;
  const tokenPath = join(who.stateDir, "token");

  const wordsWith = (more: readonly string[]): readonly string[] => [
    ...["daemon", "--persona", "reviewer", "--project", shop],
    ...more,
  ];
  const specWith = (more: readonly string[]) =>
    specOf(owner, { name: NAME, words: wordsWith(more), project, runtime });

  function createdIn(
    world: PersonaWorld,
    { surface = "claude-code", leaseMs, words = [], noService = false }: Partial<Wished>,
  ): ReturnType<typeof created> {
    const nothing = { scope: undefined, config: undefined, words: new Map<string, string>() };
    const record = readPersonaRecordIfWhole(who.stateDir, "look");
    const wish: Wish = {
      leaseMs,
      surface,
      placement: surface === "exec" ? undefined : placementOf(surface, shop, nothing, runtime),
      former: formerSurfaces(record, who, surface),
      spec: stage.isBare ? undefined : specWith(words),
      noService,
      mustRestart: mustRestart(record, wordsWith(words), noService),
    };
    return created(wish, world, { project, words: wordsWith(words), typed: [] });
  }

  const stage: PersonaStage = {
    ...{ dir, shop, stateDir: who.stateDir, identities, manager, stop: runtime.stop },
    trouble: undefined,
    hubTrouble: undefined,
    isBare: false,
    isHandStarted: false,
    startedAtMs: AT_MS,
    world(changes = NO_FAULT) {
      const run: ServicesSide["run"] = async (argv, timeoutMs) => {
        if (QUESTION.test(argv.join(" "))) return manager.run(argv, timeoutMs);
        try {
          return await changes.change(() => manager.run(argv, timeoutMs));
        } catch (error) {
          if (!(error instanceof PrismError)) throw error;
          return { status: -1, out: "", said: "it did not end within 30 s" };
        }
      };
      const launcher = systemdLauncher({ unitDir, user: "ann", version: 252, notify: { by: "none" } }, run);
      return {
        who,
        owner,
        runtime,
        hub: hubWith(changes),
        services: stage.isBare
          ? NO_SERVICES
          : {
              launcher,
              run,
              get own() {
                return existsSync(launcher.fileOf(NAME)) ? [{ name: NAME, owner }] : [];
              },
              nameOf: () => NAME,
              standing: (name) => readServiceFile(launcher.fileOf(name)),
            },
        daemon: {
          runs: async () => isRunning(),
          holder: () =>
            isRunning() ? { pid: 4711, startedAtMs: stage.startedAtMs, host: "desk", root: shop } : null,
          async connected() {
            const identity = identities.get(who.shown);
            const isKnown =
              existsSync(tokenPath) && identity?.sha256 === sha256(readFileSync(tokenPath, "utf8"));
            const isConnected =
              stage.trouble === undefined && isRunning() && isKnown && identity?.isArchived === false;
            return {
              isConnected,
              standing: isConnected ? "connected, with the hub" : (stage.trouble ?? "not yet"),
            };
          },
          ended: async () =>
            changes.change(() => {
              stage.isHandStarted = false;
              manager.active.delete(UNIT);
              return true;
            }),
        },
      };
    },
    createIn: (world) => createdIn(world, {}),
    create: (changes, wish = {}) => createdIn(stage.world(changes), wish),
    spec: () => specWith([]),
    destroy: (changes, how = {}) => destroyed({ purge: false, offline: false, ...how }, stage.world(changes)),
    keep(files) {
      rmSync(files, { recursive: true, force: true });
      cpSync(dir, files, { recursive: true });
      const { enabled, active } = manager;
      return { files, identities: [...identities], enabled: [...enabled], active: [...active] };
    },
    photo() {
      const token = existsSync(tokenPath) ? readFileSync(tokenPath, "utf8").trim() : "no token";
      const files = filesIn(dir).map((path) => {
        const text = readFileSync(path, "utf8").replaceAll(token, "TOKEN");
        return `${path.slice(dir.length)} ${(statSync(path).mode & 0o777).toString(8)}\n${text}`;
      });
      const known = JSON.stringify([...identities]).replaceAll(sha256(token), "SHA256 OF TOKEN");
      return [...files, known, ...manager.enabled, "running:", ...manager.active]
        .join("\n")
        .replaceAll(dir, "");
    },
  };
  return stage;
}

function sha256(token: string): string {
  return createHash("sha256").update(token.trim()).digest("hex");
}

/** Without what a writer that died left: the next process sweeps it, and here both are one. */
function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !entry.name.endsWith(".tmp"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function reportOf(address: string, { leaseMs, isArchived }: Identity): PersonaReport {
  return {
    address,
    persona: "reviewer",
    project: "shop",
    state: isArchived ? "archived" : "active",
    createdAtMs: AT_MS,
    archivedAtMs: isArchived ? AT_MS : null,
    hasToken: true,
    leaseMs,
    lastHeardAtMs: AT_MS,
    daemon: "none",
    open: 0,
  };
}

function sessionOf(address: string, root: string): SessionReport {
  return {
    ...{ session: "s-1", kind: "daemon", address, surface: "claude-code", host: "desk", root, version: "1" },
    ...{ liveness: "alive", connected: true, master: false, startedAtMs: AT_MS, lastHeardAtMs: AT_MS },
  };
}
