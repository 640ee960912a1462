/**
 * One program that a system's service manager is to keep alive, said once for all three systems. Pure data and its
 * rules: knows no service manager, no file and no command.
 */
import { printable } from "../domain/address.ts";
import { PrismError } from "../domain/errors.ts";

/** Whose service it is: stands in the service's own file, so that nobody takes somebody else's for theirs. */
export type Owner =
  /** `home` is the absolute home folder of Prism (`PRISM_HOME`). */
  | { readonly kind: "hub"; readonly home: string }
  | {
      readonly kind: "daemon";
      readonly home: string;
      readonly tenant: string;
      readonly persona: string;
      readonly project: string;
    };

export interface LauncherSpec {
  /** As `nameFor` gives it; the same on every system. */
  readonly name: string;
  readonly owner: Owner;
  /** One line, for a person who lists services. */
  readonly about: string;
  /** Absolute path, then what follows it. No secret: argument lists are for all to read. */
  readonly program: readonly [string, ...string[]];
  /** What the program needs and a service manager would not give it: PATH, and PRISM_HOME where it is not usual. */
  readonly env: { readonly [name: string]: string };
  /** For systems that have no journal. Absolute. */
  readonly logPath: string;
  /** True if it starts programs for others, agents above all, which must not be confined with it. */
  readonly startsOthers: boolean;
}

/** When a program that ended is started again, and when not any more. The same promise on every system. */
export const RESTART = {
  /** Its end in order: wrapped, or told to stop. */
  okStatus: 0,
  /** Usage and configuration (`cli/exit-status.ts`): started again it would say the same. */
  finalStatuses: [64, 78],
  delayMsMin: 2000,
  delayMsMax: 300_000,
  /** How many delays from the shortest to the longest. */
  delaySteps: 8,
  /** More starts than these in this time: something is broken that no start mends. */
  startsMax: 15,
  startsWithinMs: 3_600_000,
} as const;

/** Bounds of what is written for a program: an argument list is 128 kB on Linux, a command line 32 kB on Windows. */
const TEXT_CHARS_MAX = 8192;
const ARGUMENTS_MAX = 64;

/**
 * What every system's file can hold. Control characters can't stand in XML at all, and a path that has one is a
 * mistake or an attack; half a surrogate pair is no text.
 *
 * @returns the same spec
 * @throws PrismError `invalid_argument`, `too_large`
 */
export function checkedSpec(spec: LauncherSpec): LauncherSpec {
  if (!/^[a-z0-9][a-z0-9._-]{0,239}$/.test(spec.name)) {
    throw new PrismError("invalid_argument", `"${printable(spec.name)}" is no service's name`);
  }
  if (spec.program.length > ARGUMENTS_MAX) {
    throw new PrismError("too_large", `the service's command has more than ${ARGUMENTS_MAX} words`);
  }
  for (const name of Object.keys(spec.env)) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) continue;
    throw new PrismError("invalid_argument", `"${printable(name)}" is no variable's name`);
  }
  for (const text of [spec.about, spec.logPath, ...spec.program, ...Object.values(spec.env)]) checkText(text);
  return spec;
}

function checkText(text: string): void {
  if (text.length > TEXT_CHARS_MAX) {
    throw new PrismError(
      "too_large",
      `"${printable(text, 40)}" is longer than ${TEXT_CHARS_MAX} characters`,
      {
        hint: "a service's file can't hold it: shorten it",
      },
    );
  }
  if (!/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/.test(text) && text.isWellFormed()) return;
  throw new PrismError(
    "invalid_argument",
    `"${printable(text)}" holds characters that no service's file can hold`,
    {
      hint: "rename what is called so",
    },
  );
}
