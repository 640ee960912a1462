/**
 * A service's file: is it what this version would write, is it started by this executable, and which command writes it
 * anew. Compares only.
 */
import { join } from "node:path";
import { cmdLine, posixLine } from "../../clients/hook-command.ts";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import type { Standing } from "../../launchers/launcher.ts";
import type { Runtime } from "../runtime.ts";
import { aboutText } from "../service/about.ts";
import { type OwnService, type ServicesHere, shownOwner } from "../service/here.ts";
import type { Check } from "./check.ts";
import { isSameFile } from "./program-checks.ts";

export interface Around {
  readonly service: OwnService;
  readonly here: ServicesHere;
  readonly runtime: Runtime;
}

/** `the hub`, `the daemon of reviewer@shop` */
export function shownService({ owner }: OwnService): string {
  return owner.kind === "hub" ? "the hub" : `the daemon of ${shownOwner(owner)}`;
}

export function lineOf(words: readonly string[]): string {
  return (process.platform === "win32" ? cmdLine : posixLine)(words);
}

/** @param standing what the file says is run; undefined if no version of Prism wrote it */
export function unitChecks(standing: Standing | undefined, around: Around): readonly Check[] {
  const { service, here, runtime } = around;
  const name = `unit ${service.name}`;
  const path = printable(here.launcher.fileOf(service.name), 200);
  if (standing === undefined) {
    const remedy = "what is yours goes beside it, as by systemctl --user edit";
    return [{ name, verdict: "note", finding: `${path} is not as any version of Prism writes it`, remedy }];
  }
  const [program] = standing.program;
  const checks: Check[] = [];
  if (here.standing(service.name) !== expectedText(standing, around)) {
    const remedy = `have it written anew, which starts it anew: ${installLine(standing, service)}`;
    checks.push({ name, verdict: "note", finding: `${path} differs from what this version writes`, remedy });
  }
  if (runtime.engine.packaged && !isSameFile(program, runtime.self.command)) {
    const finding = `${shownService(service)} is started by ${printable(program, 200)}, not by this executable`;
    checks.push({ name: `program ${service.name}`, verdict: "note", finding });
  }
  return checks;
}

/** As `prism service install` would write it today, with the same command and environment. */
function expectedText(standing: Standing, { service, here, runtime }: Around): string | undefined {
  const { name, owner } = service;
  const at = standing.program.indexOf("--project");
  const root = standing.program[at + 1];
  const project =
    owner.kind === "hub" || at === -1 || root === undefined ? undefined : { name: owner.project, root };
  try {
    return here.launcher.textOf({
      ...standing,
      name,
      owner,
      about: aboutText(owner, project),
      logPath: join(runtime.home.logDir, `${name}.log`),
      startsOthers: owner.kind === "daemon",
    });
  } catch (error) {
    if (error instanceof PrismError) return undefined;
    throw error;
  }
}

/** The command that writes the service's file anew, with what it is started with now. */
export function installLine(standing: Standing | undefined, service: OwnService): string {
  const { kind } = service.owner;
  const words: readonly string[] = standing?.program ?? [];
  const at = words.lastIndexOf(kind);
  const given = at === -1 ? ownerWords(service) : words.slice(at);
  return lineOf(["prism", "service", "install", ...given]);
}

export function uninstallLine(service: OwnService): string {
  return lineOf(["prism", "service", "uninstall", ...ownerWords(service)]);
}

function ownerWords({ owner }: OwnService): readonly string[] {
  if (owner.kind === "hub") return ["hub"];
  return ["daemon", "--persona", owner.persona, "--project", owner.project];
}
