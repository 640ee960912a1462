/**
 * What "once" means: a step that succeeded is not run again while its inputs are the same and what it made is still
 * there. The stamp lies beside the folder's lock, not with a persona, because what is installed is the folder's:
 * a second persona in it finds the work done. It is taken away before a step begins, so that one that died half-way
 * is run again. Knows no tool.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { type Infer, listOf, object, readShape, text, whole } from "../domain/shape.ts";
import type { CommandLine } from "../host/command.ts";
import type { RecordFile } from "../host/record-file.ts";
import { sha1 } from "../wsproto/sha1.ts";
import type { Step } from "./plan.ts";

const stampShape = object({
  step: text({ bytesMax: 256, about: "the step's name" }),
  digest: text({ bytesMax: 64, about: "of the commands and their inputs" }),
  atMs: whole({ min: 0, max: Number.MAX_SAFE_INTEGER, about: "when it succeeded" }),
  made: listOf(text({ bytesMax: 4096, about: "a name" }), {
    countMax: 8,
    about: "what was there afterwards",
  }),
});
const stampsShape = object({
  stamps: listOf(stampShape, { countMax: 16, about: "one for each step that succeeded" }),
});

type Stamp = Infer<typeof stampShape>;

export interface Stamps {
  /** When this very step succeeded last; null if it is to be run. */
  doneAtMs(step: Step, digest: string): number | null;
  /** @throws PrismError if the record can't be written */
  begin(step: Step): void;
  /** @throws PrismError if the record can't be written */
  succeeded(step: Step, digest: string, atMs: number): void;
}

export function openStamps(file: RecordFile, root: string): Stamps {
  const others = (step: Step): readonly Stamp[] => loaded(file).filter((stamp) => stamp.step !== step.name);
  return {
    doneAtMs(step, digest) {
      const stamp = loaded(file).find((known) => known.step === step.name);
      if (stamp === undefined || step.inputs.length === 0 || stamp.digest !== digest) return null;
      return stamp.made.every((name) => exists(resolve(root, name))) ? stamp.atMs : null;
    },
    begin: (step) => file.save({ stamps: others(step) }),
    succeeded(step, digest, atMs) {
      const made = step.results.filter((name) => exists(resolve(root, name)));
      file.save({ stamps: [...others(step), { step: step.name, digest, atMs, made }] });
    },
  };
}

/** What can't be read was never done. */
function loaded(file: RecordFile): readonly Stamp[] {
  try {
    return readShape(stampsShape, file.load(), "the record of what was installed").stamps;
  } catch {
    return [];
  }
}

const CHUNK_BYTES = 64 * 1024;
/** The largest lockfiles there are have some 10 MB; one far beyond is told apart by its size alone. */
const INPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * A digest of a step's command and of its inputs' contents. Yields between chunks: lockfiles may be large, and the
 * daemon has others to answer meanwhile. Not with node:crypto, which would stay in memory for this alone.
 */
export async function digestOf(step: Step, root: string): Promise<string> {
  // The last command alone: those before it only make what it needs, and are left out where that is there.
  const parts: string[] = [JSON.stringify(step.commands.slice(-1).map(wordsOf))];
  for (const name of step.inputs.toSorted()) parts.push(name, await contentDigest(resolve(root, name)));
  return hex(sha1(new TextEncoder().encode(parts.join("\0"))));
}

function wordsOf(command: CommandLine): readonly string[] {
  return "shell" in command ? ["sh", command.shell] : command.argv;
}

/** @returns "" for what can't be read: it differs from any content */
async function contentDigest(path: string): Promise<string> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return "";
  }
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    let digest = "";
    for (let at = 0; at < INPUT_BYTES_MAX; ) {
      const got = readSync(file, chunk, 0, CHUNK_BYTES, at);
      if (got === 0) break;
      at += got;
      digest = hex(sha1(new TextEncoder().encode(`${digest}${hex(sha1(chunk.subarray(0, got)))}`)));
      await new Promise(setImmediate);
    }
    return `${digest}:${statSync(path).size}`;
  } catch {
    return "";
  } finally {
    closeSync(file);
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}
