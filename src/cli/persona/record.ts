/**
 * What is known on this host of one persona in one project: `persona.json` in its state folder. Written before each
 * step that changes anything, and after it: so whoever finds it half done knows what was under way, and which command
 * finishes it. It is no proof of anything: every step looks at the world itself. Holds no secret.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SURFACES_SET_UP } from "../../clients/placement.ts";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import {
  flag,
  listOf,
  maybe,
  object,
  oneOf,
  readShape,
  type Shaped,
  text,
  whole,
} from "../../domain/shape.ts";
import { fsErrorOf } from "../../host/fs-error.ts";
import { ensurePrivateDir } from "../../host/home.ts";
import { readPrivateFile, writePrivateFile } from "../../host/private-file.ts";
import { STEP_NAMES } from "./steps.ts";

const VERSION = 1;
const BYTES_MAX = 256 * 1024;
const PATH_BYTES_MAX = 4096;

/** What a command is at, from its first step to its last; `standing` and `archived` are its ends. */
export const UNDERTAKINGS = [
  "creating",
  "standing",
  "archiving",
  "archived",
  "restoring",
  "destroying",
] as const;
export type Undertaking = (typeof UNDERTAKINGS)[number];

const members = {
  version: whole({ min: VERSION, max: VERSION, about: "the form of this file" }),
  undertaking: oneOf(UNDERTAKINGS, "what is under way, or is done"),
  /** Begun and not known to be done. */
  doing: maybe(oneOf(STEP_NAMES, "a step")),
  done: listOf(oneOf(STEP_NAMES, "a step"), { countMax: 64, about: "the steps of it that are done" }),
  /** Of a destruction: whether its data go too. */
  purge: maybe(flag("whether the data go too")),
  root: maybe(text({ bytesMax: PATH_BYTES_MAX, about: "the project's folder" })),
  hub: maybe(text({ bytesMax: PATH_BYTES_MAX, about: "the hub's address" })),
  surface: maybe(text({ bytesMax: 64, about: "the surface" })),
  /** Of a creation that changes over: set up by an earlier one, to be taken out. */
  former: maybe(listOf(oneOf(SURFACES_SET_UP, "a surface"), { countMax: 16, about: "surfaces of before" })),
  /** Of a creation: what was typed of the surface, until that stands and holds it itself. */
  typed: maybe(
    listOf(text({ bytesMax: 8192, about: "a word" }), {
      countMax: 64,
      about: "what was typed of the surface",
    }),
  ),
  service: maybe(text({ bytesMax: 255, about: "the service's name" })),
  /** Asked for at its creation: then it has no service, and none is missed. */
  noService: maybe(flag("whether its daemon is started by hand, or by a supervisor of its operator's own")),
  words: maybe(
    listOf(text({ bytesMax: 8192, about: "a word" }), {
      countMax: 128,
      about: "what its daemon is started with, from the verb on",
    }),
  ),
  createdAtMs: whole({ min: 0, max: Number.MAX_SAFE_INTEGER, about: "when it was first created here" }),
  changedAtMs: whole({ min: 0, max: Number.MAX_SAFE_INTEGER, about: "when this was last written" }),
};

const shape = object(members);
export type PersonaRecord = Shaped<typeof members>;
/** What is undefined in it goes. */
export type Change = { readonly [K in keyof PersonaRecord]?: PersonaRecord[K] | undefined };

export const recordPathOf = (stateDir: string): string => join(stateDir, "persona.json");

/**
 * @returns undefined if there is none
 * @throws PrismError `malformed` or as `readPrivateFile`
 */
export function readPersonaRecord(stateDir: string): PersonaRecord | undefined {
  const path = recordPathOf(stateDir);
  if (!existsSync(path)) return undefined;
  const json = readPrivateFile(path, { what: "record of the persona", bytesMax: BYTES_MAX });
  try {
    return readShape(shape, JSON.parse(json), "the record");
  } catch (error) {
    throw new PrismError("malformed", `the record of the persona "${printable(path, 200)}" can't be read`, {
      hint: "create the persona again: that sets the broken record aside",
      cause: error,
    });
  }
}

/**
 * As `readPersonaRecord`; one that can't be understood counts as none, since every step looks for itself.
 *
 * @param how `mend` sets a broken record aside, `look` leaves it
 */
export function readPersonaRecordIfWhole(stateDir: string, how: "look" | "mend"): PersonaRecord | undefined {
  try {
    return readPersonaRecord(stateDir);
  } catch (error) {
    if (!(error instanceof PrismError) || error.code !== "malformed") throw error;
    if (how === "mend") setAside(recordPathOf(stateDir));
    return undefined;
  }
}

function setAside(path: string): void {
  try {
    renameSync(path, `${path}.corrupt`);
  } catch (error) {
    throw fsErrorOf("set aside the file", path, error);
  }
}

/** The record while a command is at work: each change is on the disk before the call returns. */
export interface Journal {
  readonly record: PersonaRecord | undefined;
  write(change: Change): Promise<void>;
  /** As it was when this was opened. */
  putBack(): Promise<void>;
  forget(): void;
}

/** For a persona of which this host keeps nothing: its daemon is elsewhere. */
const NO_JOURNAL: Journal = { record: undefined, async write() {}, async putBack() {}, forget() {} };

export function journalIfThere(stateDir: string, nowMs: () => number): Journal {
  return existsSync(recordPathOf(stateDir)) ? openJournal(stateDir, nowMs) : NO_JOURNAL;
}

/** @param nowMs epoch milliseconds */
export function openJournal(stateDir: string, nowMs: () => number): Journal {
  const wasThere = existsSync(stateDir);
  let record = readPersonaRecordIfWhole(stateDir, "mend");
  const first = record === undefined ? undefined : textOf(stateDir);
  const save = async (text: string): Promise<void> => {
    ensurePrivateDir(stateDir);
    await writePrivateFile(recordPathOf(stateDir), text);
  };
  const forget = (): void => {
    record = undefined;
    gone(recordPathOf(stateDir));
  };
  return {
    get record() {
      return record;
    },
    async write(change) {
      const atMs = Math.round(nowMs());
      const blank = { version: VERSION, undertaking: "creating", done: [], createdAtMs: atMs } as const;
      const next = { ...blank, ...record, ...change, changedAtMs: atMs };
      // The members in their own order, and without what is undefined.
      const text = `${JSON.stringify(next, Object.keys(members), 2)}\n`;
      await save(text);
      record = JSON.parse(text) as PersonaRecord;
    },
    async putBack() {
      if (first !== undefined) return save(first);
      forget();
      // All in it came from a persona that never was.
      if (!wasThere) gone(stateDir);
    },
    forget,
  };
}

function textOf(stateDir: string): string {
  return readPrivateFile(recordPathOf(stateDir), { what: "record of the persona", bytesMax: BYTES_MAX });
}

function gone(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw fsErrorOf("remove", path, error);
  }
}
