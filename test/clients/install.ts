/**
 * The real clients in exact versions, from the npm registry into a cache outside this repository: about 400 MB
 * each, so nothing of the project depends on them. Run as a program it installs both; a suite asks for one.
 *
 *   node scripts/pinned.mjs test/clients/install.ts
 *
 * PRISM_CLIENTS_CACHE names another folder than ~/.cache/prism-clients, also one that a person filled.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface Client {
  readonly name: "claude-code" | "codex";
  readonly version: string;
  /** The executable itself, not a launcher script around it. */
  readonly binary: string;
}

interface Release {
  readonly package: string;
  readonly version: string;
  /** Inside node_modules, where this system's executable may lie. */
  readonly binaries: readonly string[];
}

const system = `${process.platform}-${process.arch}`;
const TRIPLES: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-musl",
  "linux-arm64": "aarch64-unknown-linux-musl",
  "darwin-x64": "x86_64-apple-darwin",
  "darwin-arm64": "aarch64-apple-darwin",
};

/** What the facts in the fakes were observed with. A newer version is a new row here and a run of the suite. */
const RELEASES: Readonly<Record<Client["name"], Release>> = {
  "claude-code": {
    package: "@anthropic-ai/claude-code",
    version: "2.1.329",
    binaries: [`@anthropic-ai/claude-code-${system}/claude`],
  },
  codex: {
    package: "@openai/codex",
    version: "0.169.0",
    binaries: [
      `@openai/codex-${system}/vendor/${TRIPLES[system]}/bin/codex`,
      `@openai/codex-${system}/vendor/${TRIPLES[system]}/codex/codex`,
    ],
  },
};

const cache = process.env["PRISM_CLIENTS_CACHE"] ?? join(homedir(), ".cache", "prism-clients");

/** Installs what is missing; a client that is there in its version costs two looks at the disk. */
export function installed(name: Client["name"]): Client {
  const release = RELEASES[name];
  if (versionOf(release) !== release.version) install(release);
  const binary = release.binaries.map((path) => join(cache, "node_modules", path)).find(existsSync);
  if (binary === undefined) {
    throw new Error(`${release.package} ${release.version} has no executable for ${system} in ${cache}`);
  }
  return { name, version: release.version, binary };
}

/** The client if it is in the cache in its version already; nothing is installed. */
export function cached(name: Client["name"]): Client | null {
  const release = RELEASES[name];
  return versionOf(release) === release.version ? installed(name) : null;
}

function versionOf(release: Release): string | undefined {
  try {
    const manifest = join(cache, "node_modules", release.package, "package.json");
    return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
  } catch {
    return undefined;
  }
}

/** Without the packages' own install scripts: the executable lies in a package per system, complete. */
function install({ package: wanted, version }: Release): void {
  mkdirSync(cache, { recursive: true });
  const manifest = join(cache, "package.json");
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
  process.stderr.write(`installing ${wanted}@${version} into ${cache}\n`);
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--save-exact"];
  execFileSync("npm", ["install", ...flags, `${wanted}@${version}`], { cwd: cache, stdio: "inherit" });
}

if (import.meta.main) {
  for (const name of ["claude-code", "codex"] as const) {
    const { version, binary } = installed(name);
    process.stdout.write(`${name} ${version}: ${binary}\n`);
  }
}
