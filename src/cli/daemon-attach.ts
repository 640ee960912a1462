/**
 * The settings of attach-time work, and what the daemon is told by them. Nothing of a user's project is run unless a
 * setting says so. Knows no tool and no lockfile.
 */
import type { AttachSettings } from "../attach/attach.ts";
import { settings } from "./settings.ts";

export const attachFlags = {
  attachDeps: settings.attachDeps,
  attachVenv: settings.attachVenv,
  attachTimeout: settings.attachTimeout,
} as const;

interface AttachInput {
  readonly attachDeps: string | undefined;
  readonly attachVenv: string | undefined;
  readonly attachTimeout: number | undefined;
}

const TIMEOUT_MS_DEFAULT = 10 * 60_000;

export function attachSettings(flags: AttachInput): AttachSettings {
  return {
    deps: flags.attachDeps ?? "off",
    venv: flags.attachVenv ?? "off",
    timeoutMs: flags.attachTimeout ?? TIMEOUT_MS_DEFAULT,
  };
}
