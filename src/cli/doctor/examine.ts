/**
 * All checks of the page: which topics there are, what each of them looks at, and what they ask for together, once.
 * They run at the same time, each within its own bound, so that nothing that hangs holds up the page. Knows no page.
 */
import { resolve } from "node:path";
import { PrismError } from "../../domain/errors.ts";
import { settingValue } from "../arguments.ts";
import { ConfigError } from "../exit-status.ts";
import { type HubFlags, localHubDataDir, localHubUrl } from "../hub-target.ts";
import { askLocalDaemons } from "../local-daemons.ts";
import type { Runtime } from "../runtime.ts";
import { readSourcesIfWhole, type ServicesHere, servicesHere } from "../service/here.ts";
import { type SettingName, settings } from "../settings.ts";
import { bounded } from "./bounded.ts";
import { type Check, TOPICS, type Topic } from "./check.ts";
import { daemonChecks } from "./daemon-checks.ts";
import { homeCheck, keyChecks, privacyChecks, tokenCheck } from "./file-checks.ts";
import { diskChecks, settingsChecks } from "./host-checks.ts";
import { lookAtHub } from "./hub-checks.ts";
import { leftoverChecks } from "./leftover-checks.ts";
import { once } from "./once.ts";
import { ownFiles } from "./own-files.ts";
import type { Found } from "./page.ts";
import { personaChecks } from "./persona-checks.ts";
import { programChecks } from "./program-checks.ts";
import { runningChecks, runningHere } from "./running-checks.ts";
import { serviceChecks } from "./service-checks.ts";
import { surfaceChecks } from "./surface-checks.ts";

/** A daemon may take 7 s, the hub three times 5 s, a service manager a few questions of 3 s. */
const TOPIC_MS_MAX = 16_000;
/** `systemctl` answers in milliseconds; one that hangs is killed 2 s later. */
const COMMAND_MS_MAX = 3000;

export async function examine(typed: HubFlags, runtime: Runtime): Promise<readonly Found[]> {
  const flags = {
    hub: typed.hub ?? soundSetting("hub", runtime),
    tokenFile: typed.tokenFile ?? soundSetting("tokenFile", runtime),
    tlsCa: typed.tlsCa ?? soundSetting("tlsCa", runtime),
  };
  const data = soundSetting("data", runtime) ?? hubDataDirOf(runtime);
  const key = soundSetting("tlsKey", runtime);
  const daemons = once(() => askLocalDaemons(runtime, "doctor"));
  const services = once(() => servicesOrWhyNot(runtime));
  const files = once(() => ownFiles(runtime.home, data));
  const hub = once(() => lookAtHub(flags.hub ?? hubUrlOf(runtime), flags, runtime));
  const looks: { readonly [T in Topic]: () => readonly Check[] | Promise<readonly Check[]> } = {
    program: async () => [
      ...(await programChecks(runtime)),
      ...runningChecks(await runningHere(await daemons(), await services(), runtime), runtime),
    ],
    files: () => [
      homeCheck(runtime),
      tokenCheck(runtime, flags.tokenFile),
      ...keyChecks(key === undefined ? undefined : resolve(runtime.cwd, key)),
      ...privacyChecks(files(), runtime),
      ...diskChecks(runtime, data),
    ],
    settings: () => settingsChecks(runtime),
    hub: async () => (await hub()).checks,
    services: async () => serviceChecks(await services(), runtime),
    daemons: async () => daemonChecks(await daemons(), runtime),
    surfaces: () => surfaceChecks(runtime),
    personas: async () => personaChecks((await hub()).personas, flags, runtime),
    leftovers: async () => leftoverChecks(files(), await daemons(), runtime),
  };
  const how = { msMax: TOPIC_MS_MAX, keepDetails: runtime.keepDetails };
  const topics = Object.keys(TOPICS) as readonly Topic[];
  const found = await Promise.all(
    topics.map(async (topic) =>
      (await bounded(topic, looks[topic], how)).map((check) => ({ ...check, topic })),
    ),
  );
  return found.flat();
}

/** A setting that can be used, past a file that can't: that is told by the settings check. */
function soundSetting(key: SettingName, runtime: Runtime): string | undefined {
  try {
    return settingValue(key, settings[key], readSourcesIfWhole(runtime)) as string | undefined;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function hubUrlOf(runtime: Runtime): string {
  try {
    return localHubUrl(runtime);
  } catch {
    // Its own setting is broken, or the file that a running hub writes can't be read.
    return "http://127.0.0.1:7747";
  }
}

function hubDataDirOf(runtime: Runtime): string | undefined {
  try {
    return localHubDataDir(runtime);
  } catch {
    return undefined;
  }
}

async function servicesOrWhyNot(runtime: Runtime): Promise<ServicesHere | PrismError> {
  try {
    return await servicesHere(runtime, COMMAND_MS_MAX);
  } catch (error) {
    if (error instanceof PrismError) return error;
    throw error;
  }
}
