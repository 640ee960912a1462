/**
 * Whose surface a command is about: address, state folder, how Prism is started there, and where this user's own
 * files lie. What `surface add`, `remove` and `list` have in common.
 */
import { accessSync, constants, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import type { Placed, Surroundings } from "../../clients/client.ts";
import type { Placement, SurfaceSetUp } from "../../clients/placement.ts";
import { type Address, formatAddress } from "../../domain/address.ts";
import { bellFlagPathOf, type Home, homeAt, stateDirOf } from "../../host/home.ts";
import type { Runtime } from "../runtime.ts";
import { TENANT_DEFAULT } from "../settings.ts";

export const SURFACE_TITLES: { readonly [S in SurfaceSetUp]: string } = {
  "claude-code": "Claude Code",
  codex: "Codex",
  "claude-desktop": "Claude Desktop",
  tmux: "tmux",
};

export interface Whose {
  readonly address: Address;
  readonly tenant: string;
  /** `reviewer@shop` */
  readonly shown: string;
  readonly stateDir: string;
}

export function whose(address: Address, tenant: string | undefined, home: Home): Whose {
  const named = tenant ?? TENANT_DEFAULT;
  return {
    address,
    tenant: named,
    shown: formatAddress(address),
    stateDir: stateDirOf(home, named, address),
  };
}

export function surroundingsOf({ env }: Runtime): Surroundings {
  const named = process.platform === "win32" ? env["USERPROFILE"] : env["HOME"];
  return { platform: process.platform, env, userDir: named || homedir() };
}

/** What a client's files are to say of it, from what the record holds. */
export function placedOf(
  { address, tenant }: Whose,
  placement: Omit<Placement, "files">,
  home: Home,
): Placed {
  const [command = "", ...args] = placement.program;
  return {
    program: [command, ...args],
    persona: address.persona,
    root: placement.root,
    scope: placement.scope,
    bellFlagPath: bellFlagPathOf(home, tenant, address),
    ...(tenant === TENANT_DEFAULT ? {} : { tenant }),
    ...(isUsualHome(home) ? {} : { home: home.root }),
    ...(placement.config === undefined ? {} : { config: placement.config }),
  };
}

export function isUsualHome(home: Home): boolean {
  try {
    return homeAt(undefined).root === home.root;
  } catch {
    return false;
  }
}

/**
 * How a client starts this same program, whatever folder it does it in. A link on the path, as
 * /usr/local/bin/prism, outlives the file of one version that it leads to.
 */
export function programWords({ self, engine, typedName, env }: Runtime): readonly string[] {
  if (!engine.packaged || self.args.length > 0) return [self.command, ...self.args];
  const folders = (env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
  const names = isAbsolute(typedName) ? [typedName] : folders.map((folder) => join(folder, typedName));
  return [names.find((name) => leadsTo(name, self.command)) ?? self.command];
}

function leadsTo(path: string, program: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return realpathSync(path) === realpathSync(program);
  } catch {
    return false;
  }
}
