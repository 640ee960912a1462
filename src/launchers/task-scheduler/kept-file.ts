/** What `prism service keep` runs, as a file: the part of a service for which a task of Windows has no place. */
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { listOf, object, readShape, text } from "../../domain/shape.ts";
import { readPrivateFile } from "../../host/private-file.ts";
import type { LauncherSpec } from "../spec.ts";

export type Kept = Pick<LauncherSpec, "program" | "env" | "logPath">;

const FILE_BYTES_MAX = 256 * 1024;
const TEXT_BYTES_MAX = 32 * 1024;
const word = (about: string) => text({ bytesMin: 0, bytesMax: TEXT_BYTES_MAX, about });

const keptFile = object({
  program: listOf(word("a word of the command"), { countMax: 64, about: "the command" }),
  env: listOf(object({ name: word("the variable"), value: word("its value") }), {
    countMax: 256,
    about: "variables",
  }),
  logPath: word("the log"),
});

export function keptText({ program, env, logPath }: Kept): string {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  return `${JSON.stringify({ program, env: variables, logPath }, null, 2)}\n`;
}

/** @throws PrismError `not_found`, `permission_denied`, `malformed`, `invalid_argument` */
export function readKept(path: string): Kept {
  const json = readPrivateFile(path, { what: "service's file", bytesMax: FILE_BYTES_MAX });
  const { program, env, logPath } = readShape(keptFile, parsed(json, path), printable(path, 200));
  const [command, ...rest] = program;
  if (command === undefined) {
    throw new PrismError("malformed", `the service's file "${printable(path, 200)}" names no program`);
  }
  return {
    program: [command, ...rest],
    env: Object.fromEntries(env.map(({ name, value }) => [name, value])),
    logPath,
  };
}

function parsed(json: string, path: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new PrismError("malformed", `the service's file "${printable(path, 200)}" is not JSON`, {
      hint: "write it anew: prism service install",
    });
  }
}
