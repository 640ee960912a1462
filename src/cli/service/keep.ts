/** `prism service keep`: what a task of Windows runs, to keep a hub or a daemon alive. */
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { keepAlive } from "../../launchers/task-scheduler/keep.ts";
import { readKept } from "../../launchers/task-scheduler/kept-file.ts";
import { table } from "../arguments.ts";
import type { ExitStatus } from "../exit-status.ts";
import { path } from "../kinds.ts";
import { json } from "../settings.ts";
import { verb } from "../verb.ts";

const definition = table({
  name: "service keep",
  about: [
    "Starts what the file says, writes its words to its log, and starts it again when it fails: after 2 s at first, after 5 min at last, at most 15 times in an hour. It ends when that ends in order, or with a status that no start mends (64, 78). The Task Scheduler of Windows has no such rules, no log and no environment; elsewhere systemd and launchd do this by themselves.",
  ],
  arguments: [{ word: "FILE", about: "as prism service install wrote it", kind: path("FILE") }],
  flags: json,
  examples: [
    { line: "prism service keep C:\\Users\\ann\\.prism\\services\\prism-hub.json", about: "the hub" },
  ],
});

export const serviceKeep = verb(
  definition,
  async ({ arguments: [file] }, runtime) => {
    const status = await keepAlive(readKept(resolve(runtime.cwd, file)), {
      env: runtime.env,
      stopped: runtime.stopped,
      nowMs: runtime.now,
      pause: (ms, signal) => pause(ms, undefined, { signal }).catch(() => {}),
    });
    return status as ExitStatus;
  },
  { lasting: true },
);
