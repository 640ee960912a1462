/**
 * A new executable, before anything is replaced by it: its sum is compared with what was said of it, it is copied to
 * its place, and the copy runs and says its version. What is checked is the copy, so nobody can change it in between.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { fsErrorOf } from "../../host/fs-error.ts";
import { copyWholeFile } from "../../host/whole-file.ts";
import type { Runtime } from "../runtime.ts";
import { askPrism } from "./ask-prism.ts";
import { type Version, versionOf } from "./pieces.ts";
import type { Places } from "./places.ts";

const SUMS_FILE = "SHA256SUMS";
const SUMS_BYTES_MAX = 1024 * 1024;
const START_MS_MAX = 30_000;

export interface Candidate extends Version {
  readonly version: string;
  /** What its sum was compared with: a flag, a file, or nothing. */
  readonly checkedBy: string | null;
}

/** @throws PrismError `not_found`, `malformed` (its sum is another, it does not run, it is no Prism) */
export async function placeCandidate(
  file: string,
  how: { readonly places: Places; readonly sha256: string | undefined; readonly runtime: Runtime },
): Promise<Candidate> {
  const { places, runtime } = how;
  mustBeFile(file);
  const expected =
    how.sha256 === undefined ? sumBeside(file) : { sum: how.sha256.toLowerCase(), by: "--sha256" };
  const suffix = places.program.endsWith(".exe") ? ".exe" : "";
  const copy = join(places.versionsDir, `candidate-${process.pid}${suffix}`);
  try {
    const sha256 = copyWholeFile(file, copy, 0o755);
    if (expected !== undefined && sha256 !== expected.sum) throw otherSum(file, sha256, expected);
    const version = await versionSaid(copy, file, runtime);
    const kept = versionOf(places, version, sha256);
    renameSync(copy, kept.path);
    return { ...kept, version, checkedBy: expected?.by ?? null };
  } catch (error) {
    throw fsErrorOf("place", copy, error);
  } finally {
    rmSync(copy, { force: true });
  }
}

function mustBeFile(file: string): void {
  try {
    if (statSync(file).isFile()) {
      mustBeProgram(file);
      return;
    }
  } catch (error) {
    throw fsErrorOf("read the new version", file, error);
  }
  throw new PrismError("malformed", `"${printable(file, 200)}" is not a plain file`, {
    hint: "name the executable",
  });
}

/** How a program of each system begins. What is none of them, a shell would take for a script of its own. */
const BEGINNINGS: { readonly [platform: string]: string } = {
  linux: "7f454c46",
  darwin: "cffaedfe",
  win32: "4d5a",
};

function mustBeProgram(file: string): void {
  const bytes = Buffer.alloc(4);
  const open = openSync(file, "r");
  try {
    readSync(open, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(open);
  }
  if (bytes.toString("hex").startsWith(BEGINNINGS[process.platform] ?? "")) return;
  throw new PrismError("malformed", `"${printable(file, 200)}" is no program of this system`, {
    hint: "take the one for this system and processor; nothing was replaced",
  });
}

interface Expected {
  readonly sum: string;
  readonly by: string;
}

/** The list that lies beside it, as a release has it. @throws PrismError `malformed` if that does not name this file */
function sumBeside(file: string): Expected | undefined {
  const path = join(dirname(file), SUMS_FILE);
  if (!existsSync(path)) return undefined;
  let text: string;
  try {
    if (statSync(path).size > SUMS_BYTES_MAX)
      throw new PrismError("too_large", `"${path}" is no list of sums`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw fsErrorOf("read the sums", path, error);
  }
  const name = basename(file);
  const rows = Array.from(text.matchAll(/^([0-9a-fA-F]{64}) [ *](.+?)\r?$/gm));
  const sum = rows.find((row) => row[2] === name || row[2] === `./${name}`)?.[1];
  if (sum !== undefined) return { sum: sum.toLowerCase(), by: path };
  throw new PrismError("malformed", `${printable(path, 200)} does not name "${printable(name, 100)}"`, {
    hint: "give the file its own name again, or its sum by --sha256",
  });
}

function otherSum(file: string, sha256: string, expected: Expected): PrismError {
  return new PrismError(
    "malformed",
    `"${printable(file, 200)}" is not what ${printable(expected.by, 200)} says: its SHA-256 is ${sha256}`,
    { hint: "fetch it again; nothing was replaced" },
  );
}

async function versionSaid(copy: string, file: string, runtime: Runtime): Promise<string> {
  const { status, answer, said } = await askPrism(copy, ["version", "--json"], runtime, START_MS_MAX);
  if (status === 0 && typeof answer === "object" && answer !== null && "version" in answer) {
    const { version } = answer;
    if (typeof version === "string" && /^\d[0-9A-Za-z.+-]{0,63}$/.test(version)) return version;
  }
  const why = status === 0 ? "it is no Prism" : said;
  throw new PrismError(
    "malformed",
    `"${printable(file, 200)}" does not run on this host: ${printable(why, 200)}`,
    {
      hint: "take the one for this system and processor; nothing was replaced",
    },
  );
}
