/**
 * The service manager of this host, and which of its services are Prism's. What `service install`, `uninstall` and
 * `status` have in common.
 */
import { readdirSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { formatAddress } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import { errnoOf, fsErrorOf } from "../../host/fs-error.ts";
import { hashOf } from "../../host/home.ts";
import { hostCommands, type RunCommand } from "../../launchers/apply.ts";
import { launchdHost, launchdLauncher } from "../../launchers/launchd/launchd.ts";
import type { Launcher } from "../../launchers/launcher.ts";
import { nameFor } from "../../launchers/names.ts";
import { ownerIn } from "../../launchers/owner.ts";
import { readServiceFile } from "../../launchers/service-file.ts";
import type { Owner } from "../../launchers/spec.ts";
import { systemdHost, systemdLauncher } from "../../launchers/systemd/systemd.ts";
import { taskLauncher } from "../../launchers/task-scheduler/task-scheduler.ts";
import type { Sources } from "../arguments.ts";
import type { Runtime } from "../runtime.ts";
import { programWords } from "../surface/whose.ts";

export interface ServicesHere {
  readonly launcher: Launcher;
  readonly run: RunCommand;
  /** Every service of this home, by name. */
  readonly own: readonly OwnService[];
  /** The name under which this owner has its service, or would have it. */
  nameOf(owner: Owner): string;
  /** The text of a service's file; null if there is none. */
  standing(name: string): string | null;
}

export interface OwnService {
  readonly name: string;
  readonly owner: Owner;
}

/**
 * @param commandMsMax the longest that any of its commands may take, where they have longer bounds of their own
 * @throws PrismError `unsupported` on a host without one, or where it does not answer
 */
export async function servicesHere(
  runtime: Runtime,
  commandMsMax = Number.POSITIVE_INFINITY,
): Promise<ServicesHere> {
  const runtimeDir = runtime.env["XDG_RUNTIME_DIR"] || `/run/user/${process.getuid?.() ?? 0}`;
  const env = childEnvironment(runtime.env);
  // A shell that was not opened by a login, as by su or cron, does not know where its own user's manager is.
  if (process.platform === "linux") env["XDG_RUNTIME_DIR"] = runtimeDir;
  const patient = hostCommands(env, homedir());
  const run: RunCommand = (argv, timeoutMs) => patient(argv, Math.min(timeoutMs, commandMsMax));
  const launcher = await launcherHere(runtime, run, runtimeDir);
  const holders = readHolders(launcher);
  const own = Array.from(holders, ([name, owner]) => ({ name, owner })).filter(
    (each): each is OwnService => each.owner !== "stranger" && each.owner.home === runtime.home.root,
  );
  return {
    launcher,
    run,
    own: own.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    nameOf: (owner) => nameFor(owner, (name) => holders.get(name), hashOf),
    standing: (name) => readServiceFile(launcher.fileOf(name)),
  };
}

async function launcherHere(runtime: Runtime, run: RunCommand, runtimeDir: string): Promise<Launcher> {
  switch (process.platform) {
    case "linux":
      return systemdLauncher(await systemdHost(run, { user: userInfo().username, runtimeDir }), run);
    case "darwin":
      return launchdLauncher(await launchdHost(run, { uid: userInfo().uid, userDir: homedir() }), run);
    case "win32": {
      const { USERDOMAIN, USERNAME } = runtime.env;
      const userId = USERDOMAIN ? `${USERDOMAIN}\\${USERNAME ?? ""}` : userInfo().username;
      const [command = runtime.self.command, ...rest] = programWords(runtime);
      const folder = join(runtime.home.root, "services");
      return taskLauncher({ userId, folder, self: [command, ...rest] }, run);
    }
    default:
      throw new PrismError("unsupported", `Prism knows no service manager of ${process.platform}`, {
        hint: "have your own start prism daemon and prism hub, and start them again unless they end with 0, 64 or 78",
      });
  }
}

function readHolders(launcher: Launcher): ReadonlyMap<string, Owner | "stranger"> {
  const holders = new Map<string, Owner | "stranger">();
  for (const file of filesIn(launcher.folder)) {
    const name = launcher.nameIn(file);
    if (name === undefined || !name.startsWith("prism-")) continue;
    holders.set(name, ownerIn(readServiceFile(launcher.fileOf(name)) ?? "") ?? "stranger");
  }
  return holders;
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw fsErrorOf("look into the folder", folder, error);
  }
}

/** As a person would call it. */
export function shownOwner(owner: Owner): string {
  return owner.kind === "hub" ? "the hub" : formatAddress(owner);
}

/** Who wants to see or end a service that fails must not fail by the same configuration. */
export function readSourcesIfWhole(runtime: Runtime): Sources {
  try {
    return runtime.readSources();
  } catch (error) {
    if (!(error instanceof PrismError)) throw error;
    return { env: runtime.env, config: {}, configPath: runtime.home.configPath };
  }
}
