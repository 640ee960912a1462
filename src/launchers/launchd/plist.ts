/**
 * A launchd agent as a property list. Knows what launchd understands, and no command.
 * Source: launchd.plist(5).
 */
import { dirname } from "node:path";
import type { Standing } from "../launcher.ts";
import { ownerLine } from "../owner.ts";
import { checkedSpec, type LauncherSpec } from "../spec.ts";
import { textOfXml, xmlText } from "../xml.ts";

/** Where agents of a user live: with the desktop's login, or without one (over ssh, on a host without a screen). */
export type Session = "Aqua" | "Background";

/** launchd knows no growing delay and no last attempt; this is its only brake. */
const THROTTLE_S = 10;
/** From SIGTERM to SIGKILL. */
const EXIT_S = 15;

type Value = string | number | boolean | readonly string[] | { readonly [key: string]: Value };

/** @throws PrismError for what no property list can hold */
export function launchdPlist(given: LauncherSpec, session: Session): string {
  const spec = checkedSpec(given);
  const body = dictionary(
    {
      Label: spec.name,
      ProgramArguments: spec.program,
      // By this the program ends with 0 where a start again would be in vain: launchd knows no final status.
      EnvironmentVariables: { ...spec.env, PRISM_LAUNCHER: "launchd" },
      WorkingDirectory: dirname(spec.logPath),
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: THROTTLE_S,
      ExitTimeOut: EXIT_S,
      // The usual kind is slowed down on disk and processor: a doorbell is somebody waiting.
      ProcessType: "Interactive",
      // The agents that it started are not part of it: they live on when it is updated.
      ...(spec.startsOthers ? { AbandonProcessGroup: true } : { Umask: 0o077 }),
      LimitLoadToSessionType: session,
      StandardOutPath: spec.logPath,
      StandardErrorPath: spec.logPath,
    },
    "",
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${ownerLine(spec.owner)} -->
<plist version="1.0">
${body}
</plist>
`;
}

/** The reverse of `launchdPlist`, for what is run: an agent that somebody wrote by hand may give undefined. */
export function plistStanding(plist: string): Standing | undefined {
  const inside = (key: string, tag: string): string =>
    new RegExp(`<key>${key}</key>\\s*<${tag}>([\\s\\S]*?)</${tag}>`).exec(plist)?.[1] ?? "";
  const [program, ...rest] = textsIn(inside("ProgramArguments", "array"), "string");
  if (program === undefined) return undefined;
  const variables = inside("EnvironmentVariables", "dict");
  const values = textsIn(variables, "string");
  const env = Object.fromEntries(textsIn(variables, "key").map((name, at) => [name, values[at] ?? ""]));
  const { PRISM_LAUNCHER: _ours, ...kept } = env;
  return { program: [program, ...rest], env: kept };
}

function textsIn(xml: string, tag: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, "g"))].map(([, text = ""]) =>
    textOfXml(text),
  );
}

function dictionary(values: { readonly [key: string]: Value }, indent: string): string {
  const inner = `${indent}  `;
  const entries = Object.entries(values).map(
    ([key, value]) => `${inner}<key>${xmlText(key)}</key>\n${element(value, inner)}`,
  );
  return `${indent}<dict>\n${entries.join("\n")}\n${indent}</dict>`;
}

function element(value: Value, indent: string): string {
  if (typeof value === "string") return `${indent}<string>${xmlText(value)}</string>`;
  if (typeof value === "number") return `${indent}<integer>${value}</integer>`;
  if (typeof value === "boolean") return `${indent}<${value}/>`;
  if (Array.isArray(value)) {
    const items = value.map((item: string) => element(item, `${indent}  `));
    return `${indent}<array>\n${items.join("\n")}\n${indent}</array>`;
  }
  return dictionary(value as { readonly [key: string]: Value }, indent);
}
