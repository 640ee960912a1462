/** Ends what of Prism was started by hand, in order: each is asked by its own way, and known by its own word. */
import { readFileSync } from "node:fs";
import { PrismError } from "../../domain/errors.ts";
import { ipcPathOf } from "../../host/home.ts";
import { isProcessAlive } from "../../host/process-alive.ts";
import { callIpc } from "../../net/ipc-client.ts";
import type { Runtime } from "../runtime.ts";
import { daemonLives, lifeOf } from "./services.ts";

const END_MS_MAX = 10_000;
const ASK_EVERY_MS = 50;
const ANSWER_MS_MAX = 3000;
/** A store of a million signals is read in seconds. */
const OPEN_MS_MAX = 60_000;

export interface RunningProgram {
  /** `the daemon of reviewer@shop` */
  readonly shown: string;
  readonly pid: number;
  readonly version: string;
  /** @throws PrismError if it is still there after a while */
  end(): Promise<void>;
}

/** Daemons first: the hub keeps what they say last. */
export async function programsRunning(runtime: Runtime): Promise<readonly RunningProgram[]> {
  const daemons = (await daemonLives(runtime)).flatMap(
    ({ tenant, address, shown, life: { pid, version } }) => {
      if (pid === null) return [];
      const path = ipcPathOf(runtime.home, tenant, address);
      const who = { version: runtime.version, role: "uninstall", address, openTimeoutMs: ANSWER_MS_MAX };
      const name = `the daemon of ${shown}`;
      const ask = async (): Promise<void> => {
        await callIpc(path, who, "shutdown", { reason: "Prism is uninstalled" }, ANSWER_MS_MAX);
      };
      return [{ shown: name, pid, version, end: () => ended(name, pid, ask) }];
    },
  );
  return [...daemons, ...(await hubRunning(runtime))];
}

/**
 * The hub of this host, if it answers.
 *
 * The pid in its file counts only if who answers there is the life that wrote it.
 */
export async function hubRunning(runtime: Runtime): Promise<readonly RunningProgram[]> {
  const life = await lifeOf({ kind: "hub", home: runtime.home.root }, runtime);
  if (life === undefined) return [];
  let file: unknown;
  try {
    file = JSON.parse(readFileSync(runtime.home.hubFilePath, "utf8"));
  } catch {
    return [];
  }
  if (typeof file !== "object" || file === null || !("pid" in file) || !("startedAtMs" in file)) return [];
  const { pid, startedAtMs } = file;
  if (typeof pid !== "number" || typeof startedAtMs !== "number" || !isProcessAlive(pid)) return [];
  // The file is begun before the store is open, whose time the hub tells.
  const apartMs = Number(life.life) - startedAtMs;
  if (apartMs < 0 || apartMs > OPEN_MS_MAX) return [];
  return [
    {
      shown: "the hub",
      pid,
      version: life.version,
      end: () => ended("the hub", pid, async () => void process.kill(pid, "SIGTERM")),
    },
  ];
}

async function ended(shown: string, pid: number, ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    // It may have ended by itself since it was seen.
    if (isProcessAlive(pid)) throw error;
  }
  for (let waitedMs = 0; isProcessAlive(pid); waitedMs += ASK_EVERY_MS) {
    if (waitedMs >= END_MS_MAX) {
      throw new PrismError("interrupted", `${shown} (process ${pid}) was asked to end, and has not`, {
        hint: `end it yourself, and run this again: kill -9 ${pid}`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
