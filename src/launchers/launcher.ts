/** What every service manager can be asked for, in one form. Knows none of them. */
import type { Argv, Plan, Step } from "./plan.ts";
import type { LauncherSpec } from "./spec.ts";

export type LauncherSystem = "systemd" | "launchd" | "task-scheduler";

export interface ServiceStatus {
  readonly name: string;
  /**
   * `absent`: the system knows no such service; `waiting`: it ended by a fault and is started again after a while;
   * `failed`: it is not started again by itself.
   */
  readonly state: "absent" | "running" | "starting" | "waiting" | "stopped" | "failed";
  /** True if it is started with the next login or boot. */
  readonly startsAgain: boolean;
  readonly pid: number | null;
  /** How often it was started again; null where the system does not count. */
  readonly restarts: number | null;
  /** What the system says of its last end, as `exit-code 78`; null if nothing. */
  readonly why: string | null;
}

/** What a service's file says is run, read back out of it. */
export type Standing = Pick<LauncherSpec, "program" | "env">;

export interface Launcher {
  readonly system: LauncherSystem;
  /** The folder of the services' files; whose each is stands in it (`ownerIn`). */
  readonly folder: string;
  fileOf(name: string): string;
  /** The service's name of a file in that folder; undefined for what is no service's file. */
  nameIn(file: string): string | undefined;
  textOf(spec: LauncherSpec): string;
  /**
   * What of a spec stands in a service's file, so that it can be compared with what is true today.
   *
   * @returns undefined if no version of Prism wrote it like that
   * @throws PrismError `permission_denied`, `storage_failed`
   */
  read(name: string): Standing | undefined;
  /**
   * Written, enabled, running. What stands already stays.
   *
   * @param standing the text of the file that stands there now; null if none
   */
  install(spec: LauncherSpec, standing: string | null): Plan;
  /** Stopped, disabled, gone. */
  remove(name: string): Plan;
  start(name: string): Plan;
  stop(name: string): Plan;
  /** Stopped, and not started by the next login or boot either; its file stays, and `install` brings it back. */
  disable(name: string): Plan;
  /** What lets services run while their user is not logged in; null where the system has no such thing. */
  readonly withoutLogin: Step | null;
  /** Asks the system; changes nothing. */
  status(name: string): Promise<ServiceStatus>;
  /** The command that shows a person what the service has logged. */
  logCommand(spec: { readonly name: string; readonly logPath: string }): Argv;
}
