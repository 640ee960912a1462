/**
 * Who may speak to the hub: holders of this host's home token, which may all of its tenant, and holders of a persona's
 * token, which the hub's store knows and which acts for that persona alone. The hub keeps SHA-256 hashes only, so its data
 * folder gives nobody a token. A token has 256 random bits, so a plain hash is enough, and looking the hash
 * up takes a time that says nothing about the token.
 * Never logs or repeats a token.
 */
import { createHash, randomBytes } from "node:crypto";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { PrismError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { type Infer, listOf, object, readShape, text, whole } from "../domain/shape.ts";
import { readPrivateFile, readTokenFile, writePrivateFile } from "../host/private-file.ts";
import type { Bearer, HubService } from "./service.ts";

/** The tenant of a host that has one. */
export const LOCAL_TENANT = "local";

const TOKEN_BYTES = 32;
const TOKENS_MAX = 10_000;
const FILE_BYTES_MAX = 4 * 1024 * 1024;

const tokensFile = object({
  version: whole({ min: 1, max: 1, about: "the form of this file" }),
  tokens: listOf(
    object({
      /** What the token is for; the one of this host's home is `home`. */
      name: text({ bytesMax: 128, about: "what the token is for" }),
      tenant: text({ bytesMax: 128, about: "whose it is" }),
      sha256: text({ bytesMin: 64, bytesMax: 64, about: "SHA-256 of the token, in hex" }),
    }),
    { countMax: TOKENS_MAX, about: "all tokens" },
  ),
});
type TokensFile = Infer<typeof tokensFile>;
type TokenRecord = TokensFile["tokens"][number];

const HOME_TOKEN = "home";

export interface Tokens {
  /** @returns undefined for a token that the hub does not know */
  bearerOf(token: string): Bearer | undefined;
}

/**
 * Reads the token of this host's home, makes it if it is absent, and brings the hashes up to date: a token
 * file that was replaced takes its old token's place, so that the old one is worth nothing any more.
 *
 * @param paths an existing folder for the hashes, and where the home's token lies or shall lie
 * @param personaOf whose the token of a hash is, if it is a persona's
 * @throws PrismError `permission_denied`, `malformed`, `storage_full`, `storage_failed`
 */
export async function openTokens(
  paths: { readonly dataDir: string; readonly tokenPath: string },
  personaOf: HubService["bearerOf"],
  log: Log,
): Promise<Tokens> {
  const filePath = join(paths.dataDir, "tokens.json");
  const home: TokenRecord = {
    name: HOME_TOKEN,
    tenant: LOCAL_TENANT,
    sha256: hashOf(await homeToken(paths.tokenPath, log)),
  };
  const known = await readHashes(filePath, log);
  const tokens = [home, ...known.filter((record) => record.name !== HOME_TOKEN)];
  if (!known.some((record) => record.name === HOME_TOKEN && record.sha256 === home.sha256)) {
    const file: TokensFile = { version: 1, tokens };
    await writePrivateFile(filePath, `${JSON.stringify(file, null, 2)}\n`);
  }
  const homes = new Map(
    tokens.map(({ sha256, tenant }) => [sha256, { tenant, scope: "home" } satisfies Bearer]),
  );
  return {
    bearerOf(token) {
      const hash = hashOf(token);
      return homes.get(hash) ?? personaOf(hash);
    },
  };
}

async function homeToken(path: string, log: Log): Promise<string> {
  try {
    return readTokenFile(path);
  } catch (error) {
    if (!(error instanceof PrismError) || error.code !== "not_found") throw error;
  }
  // Of two processes that make it at once the first wins, and both read what it wrote.
  const made = await writePrivateFile(path, `${randomBytes(TOKEN_BYTES).toString("base64url")}\n`, {
    ifAbsent: true,
  });
  if (made) log("info", "tokenMade", { path });
  return readTokenFile(path);
}

async function readHashes(path: string, log: Log): Promise<readonly TokenRecord[]> {
  let content: string;
  try {
    content = readPrivateFile(path, { what: "list of tokens", bytesMax: FILE_BYTES_MAX });
  } catch (error) {
    if (error instanceof PrismError && error.code === "not_found") return [];
    throw error;
  }
  try {
    return readShape(tokensFile, JSON.parse(content), "tokens.json").tokens;
  } catch (error) {
    const aside = `${path}.corrupt-${Date.now()}`;
    await rename(path, aside);
    log("error", "tokensCorrupt", {
      ...{ code: "malformed", movedTo: aside },
      reason: error instanceof PrismError ? error.message : "it is not JSON",
    });
    return [];
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
