/** Hooks that write down what they were given, as any client runs them: one folder, two files for each call. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface HookCall {
  readonly event: string;
  /** What stood on its standard input. */
  readonly input: { readonly [key: string]: unknown };
  readonly env: { readonly [name: string]: string };
}

export interface Recorder {
  /** For the `hooks` of a client's settings; more hooks of an event run beside the recorder's. */
  hooks(more?: { readonly [event: string]: readonly object[] }): { readonly [event: string]: unknown };
  /** Every call that is complete, oldest first. */
  calls(): readonly HookCall[];
  /** The call number `count`, from 1, of this event. */
  call(event: string, count?: number): Promise<HookCall>;
  /** The first call that this holds for. */
  find(holds: (call: HookCall) => boolean): Promise<HookCall>;
}

const EVENTS = [
  ...["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SessionEnd", "Notification"],
  "PermissionRequest",
];

/** Its name ends in .call once both are written; the shell's clock orders the calls. */
const SCRIPT = `#!/bin/sh
at="$(dirname "$0")/$(date +%s%N)-$$"
cat > "$at.input"
env -0 > "$at.env"
mv "$at.env" "$at.$1.call"
`;

export function hookRecorder(root: string): Recorder {
  const folder = join(root, "calls");
  mkdirSync(folder, { recursive: true });
  const script = join(folder, "record.sh");
  writeFileSync(`${script}.new`, SCRIPT, { mode: 0o755 });
  renameSync(`${script}.new`, script);

  const calls = (): readonly HookCall[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".call"))
      .sort()
      .map((name) => {
        const [at = "", event = ""] = name.split(".");
        const vars = readFileSync(join(folder, name), "utf8").split("\0").filter(Boolean);
        return {
          event,
          input: JSON.parse(readFileSync(join(folder, `${at}.input`), "utf8")),
          env: Object.fromEntries(
            vars.map((pair) => [pair.split("=")[0], pair.slice(pair.indexOf("=") + 1)]),
          ),
        };
      });
  const until = async (look: () => HookCall | undefined): Promise<HookCall> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {
    hooks: (more = {}) =>
      Object.fromEntries(
        EVENTS.map((event) => {
          const record = { type: "command", command: `"${script}" ${event}` };
          return [event, [{ hooks: [record, ...(more[event] ?? [])] }]];
        }),
      ),
    calls,
    call: (event, count = 1) => until(() => calls().filter((each) => each.event === event)[count - 1]),
    find: (holds) => until(() => calls().find(holds)),
  };
}
