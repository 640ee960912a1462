/**
 * Which hub a verb speaks to, and with which token. The order: what was typed or set; else the hub that
 * runs on this host, from its file in the home folder; else the default port of this host. Opens no
 * connection; shows no token.
 */
import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";
import { readPrivateFile, readTokenFile } from "../host/private-file.ts";
import type { HubClientOptions } from "../net/hub-client.ts";
import { settingValue } from "./arguments.ts";
import { ConfigError } from "./exit-status.ts";
import type { Listen } from "./kinds.ts";
import type { Runtime } from "./runtime.ts";
import { PORT_DEFAULT, settings } from "./settings.ts";

const HUB_FILE_BYTES_MAX = 16 * 1024;

/** The flags of every verb that asks a hub. */
export const hubFlags = {
  hub: settings.hub,
  tokenFile: settings.tokenFile,
  tlsCa: settings.tlsCa,
} as const;

export interface HubFlags {
  readonly hub: string | undefined;
  readonly tokenFile: string | undefined;
  readonly tlsCa: string | undefined;
}

/** @throws PrismError if there is no token; ConfigError if the one that is named can't be used */
export function hubTarget(flags: HubFlags, runtime: Runtime): HubClientOptions {
  return {
    url: flags.hub ?? localHubUrl(runtime),
    token: tokenOf(flags, runtime),
    env: runtime.env,
    ...(flags.tlsCa === undefined ? {} : { tls: { caFile: resolve(runtime.cwd, flags.tlsCa) } }),
  };
}

/** A token file that can't be used is told at once; a hub that has never run yet is waited for. */
export function mustBeUsable(target: () => unknown): void {
  try {
    target();
  } catch (error) {
    if (error instanceof PrismError && error.code === "hub_unreachable") return;
    throw error;
  }
}

/** Where the hub of this host listens, or last did. */
export function localHubUrl(runtime: Runtime): string {
  const { url } = hubFile(runtime);
  try {
    return typeof url === "string" ? settings.hub.kind.read(url, "the hub's file") : defaultUrl(runtime);
  } catch (error) {
    if (error instanceof PrismError && !(error instanceof ConfigError)) return defaultUrl(runtime);
    throw error;
  }
}

/** Where the hub of this host listens, by its own file: one that was killed left it, one that ended did not. */
export function hubUrlHere(runtime: Runtime): string | undefined {
  const { url } = hubFile(runtime);
  return typeof url === "string" ? url : undefined;
}

/** Where the hub of this host keeps its store, or last did: `--data` stands in no setting. */
export function localHubDataDir(runtime: Runtime): string | undefined {
  const { dataDir } = hubFile(runtime);
  return typeof dataDir === "string" && isAbsolute(dataDir) ? dataDir : undefined;
}

/** What the hub of this host says of itself; empty if none ever ran. */
function hubFile(runtime: Runtime): { readonly [member: string]: unknown } {
  if (!existsSync(runtime.home.hubFilePath)) return {};
  try {
    const written: unknown = JSON.parse(
      readPrivateFile(runtime.home.hubFilePath, {
        what: "hub's file",
        bytesMax: HUB_FILE_BYTES_MAX,
        shared: true,
      }),
    );
    return typeof written === "object" && written !== null ? { ...written } : {};
  } catch (error) {
    // The hub writes this file anew at its next start; a broken one must not keep anybody from the hub.
    if (error instanceof SyntaxError || (error instanceof PrismError && error.code !== "permission_denied"))
      return {};
    throw error;
  }
}

/** Before a hub has ever run here, where it will listen is known from its own setting. */
function defaultUrl(runtime: Runtime): string {
  const set = settingValue("listen", settings.listen, runtime.readSources()) as Listen | undefined;
  if (set === undefined || set.port === 0) return `http://127.0.0.1:${PORT_DEFAULT}`;
  const everywhere = set.host === "0.0.0.0" || set.host === "::";
  const host = everywhere ? "127.0.0.1" : set.host.includes(":") ? `[${set.host}]` : set.host;
  return `http://${host}:${set.port}`;
}

/** Where the token comes from, to name it in a message; never the token itself. */
export function tokenSource(flags: HubFlags, runtime: Runtime): string {
  if (runtime.env["PRISM_TOKEN"]) return "PRISM_TOKEN";
  return printable(tokenPath(flags, runtime), 200);
}

function tokenPath(flags: HubFlags, runtime: Runtime): string {
  return flags.tokenFile === undefined ? runtime.home.tokenPath : resolve(runtime.cwd, flags.tokenFile);
}

function tokenOf(flags: HubFlags, runtime: Runtime): string {
  const given = runtime.env["PRISM_TOKEN"];
  if (given !== undefined && given !== "") return tokenGiven(given);
  const path = tokenPath(flags, runtime);
  if (flags.tokenFile !== undefined || existsSync(path)) return readTokenFile(path);
  throw new PrismError(
    "hub_unreachable",
    `no hub was ever started in ${printable(runtime.home.root, 200)}, so there is no token`,
    { hint: 'start one with "prism hub", or name a token with PRISM_TOKEN_FILE' },
  );
}

/** A token travels in an HTTP header: one word of visible ASCII. The value itself is never shown. */
function tokenGiven(text: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]{1,512}$/.test(token)) return token;
  throw new ConfigError(
    new PrismError("malformed", "PRISM_TOKEN holds more than one word of plain characters", {
      hint: "copy the token again, or name its file with PRISM_TOKEN_FILE",
    }),
  );
}
