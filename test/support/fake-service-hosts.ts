/** Service managers as far as their launchers use them: state in, state out, statuses and words as the real ones have. */
import { existsSync } from "node:fs";
import type { RunCommand } from "../../src/launchers/apply.ts";
import type { Argv, Ran } from "../../src/launchers/plan.ts";

export interface FakeManager {
  readonly run: RunCommand;
  /** Every command that changes something, as typed. */
  readonly calls: string[];
  /** Fails the first command that matches, once. */
  fail(pattern: RegExp, ran?: Partial<Ran>): void;
}

const fine = (out = ""): Ran => ({ status: 0, out, said: "" });
const failed = (status: number, said: string): Ran => ({ status, out: "", said });

function managerOf(answer: (argv: Argv) => Ran, isQuestion: (line: string) => boolean): FakeManager {
  const calls: string[] = [];
  let failing: { readonly pattern: RegExp; readonly ran: Ran } | undefined;
  return {
    calls,
    fail(pattern, ran = {}) {
      failing = { pattern, ran: { status: 1, out: "", said: "no", ...ran } };
    },
    async run(argv) {
      const line = argv.join(" ");
      if (!isQuestion(line)) calls.push(line);
      if (failing?.pattern.test(line) === true) {
        const { ran } = failing;
        failing = undefined;
        return ran;
      }
      return answer(argv);
    },
  };
}

export interface FakeSystemd extends FakeManager {
  readonly enabled: Set<string>;
  readonly active: Set<string>;
}

/** @param unitDir where it finds its units; they are loaded by daemon-reload alone */
export function fakeSystemd(unitDir: string, lingering = new Set<string>()): FakeSystemd {
  const [enabled, active, loaded] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const answer = (argv: Argv): Ran => {
    const [program, ...words] = argv;
    if (program === "test") return lingering.has(words[1]?.split("/").at(-1) ?? "") ? fine() : failed(1, "");
    if (program === "loginctl") {
      lingering.add(words[1] ?? "");
      return fine();
    }
    if (program === "systemd-notify") return fine("systemd 252\n");
    if (words[0] === "--version") return fine("systemd 252 (252.38-1~deb12u1)\n+PAM\n");
    const [, verb = "", ...rest] = words;
    const unit = rest.findLast((word) => word.endsWith(".service")) ?? "";
    const isThere = existsSync(`${unitDir}/${unit}`);
    switch (verb) {
      case "show":
        if (unit === "") return fine(`UnitPath=/run/user/7/systemd/user ${unitDir} /etc/systemd/user\n`);
        return fine(
          `LoadState=${loaded.has(unit) ? "loaded" : "not-found"}\nActiveState=${active.has(unit) ? "active" : "inactive"}\nSubState=${active.has(unit) ? "running" : "dead"}\nResult=success\nMainPID=${active.has(unit) ? 4711 : 0}\nNRestarts=2\nExecMainStatus=0\nUnitFileState=${enabled.has(unit) ? "enabled" : "disabled"}\n`,
        );
      case "daemon-reload":
        if (isThere) loaded.add(unit);
        for (const each of loaded) if (!existsSync(`${unitDir}/${each}`)) loaded.delete(each);
        return fine();
      case "enable":
        if (!isThere) return failed(1, `Failed to enable unit: Unit file ${unit} does not exist.`);
        enabled.add(unit);
        loaded.add(unit);
        return fine();
      case "disable":
        if (!isThere) return failed(1, `Failed to disable unit: Unit file ${unit} does not exist.`);
        enabled.delete(unit);
        if (rest.includes("--now")) active.delete(unit);
        return fine();
      case "is-enabled":
        return enabled.has(unit) ? fine("enabled\n") : failed(1, "");
      case "is-active":
        return active.has(unit) ? fine("active\n") : { ...failed(3, ""), out: "inactive\n" };
      case "start":
        if (!isThere) return failed(5, `Failed to start ${unit}: Unit ${unit} not found.`);
        active.add(unit);
        return fine();
      case "stop":
        if (!active.delete(unit) && !isThere)
          return failed(5, `Failed to stop ${unit}: Unit ${unit} not loaded.`);
        return fine();
      case "reset-failed":
        return loaded.has(unit)
          ? fine()
          : failed(1, `Failed to reset failed state of unit ${unit}: not loaded.`);
      default:
        throw new Error(`systemctl has no "${verb}" here`);
    }
  };
  const isQuestion = (line: string) => /^test |--version| show | is-(active|enabled) /.test(line);
  return { ...managerOf(answer, isQuestion), enabled, active };
}

export interface FakeLaunchd extends FakeManager {
  /** Loaded agents, with their process or null. */
  readonly loaded: Map<string, number | null>;
  /** Not loaded at the next login. */
  readonly disabled: ReadonlySet<string>;
}

/** @param slow how many questions a `bootout` takes until the agent is really gone */
export function fakeLaunchd(domain: string, slow = 2): FakeLaunchd {
  const loaded = new Map<string, number | null>();
  const going = new Map<string, number>();
  const disabled = new Set<string>();
  const answer = ([, verb = "", ...words]: Argv): Ran => {
    const target = words.at(-1) ?? "";
    const label =
      target
        .split("/")
        .at(-1)
        ?.replace(/\.plist$/, "") ?? "";
    switch (verb) {
      case "print": {
        if (target === domain) return fine();
        if (/^(gui|user)\/\d+$/.test(target)) return failed(125, "Could not find domain");
        const left = going.get(label);
        if (left === 0) {
          going.delete(label);
          loaded.delete(label);
        } else if (left !== undefined) going.set(label, left - 1);
        const pid = loaded.get(label);
        if (pid === undefined) return failed(113, `Could not find service "${label}" in domain`);
        return fine(
          `${target} = {\n\tactive count = 1\n${pid === null ? "" : `\tpid = ${pid}\n`}\truns = 3\n\tlast exit code = 0\n}\n`,
        );
      }
      case "enable":
        disabled.delete(label);
        return fine();
      case "disable":
        disabled.add(label);
        return fine();
      case "bootstrap":
        if (disabled.has(label)) return failed(5, "Bootstrap failed: 5: Input/output error");
        if (loaded.has(label)) return failed(5, "Bootstrap failed: 5: Input/output error");
        if (!existsSync(target)) return failed(2, "No such file or directory");
        loaded.set(label, 4711);
        return fine();
      case "bootout":
        if (!loaded.has(label)) return failed(3, "Boot-out failed: 3: No such process");
        going.set(label, slow);
        return fine();
      case "kickstart":
        if (!loaded.has(label)) return failed(113, "Could not find service");
        loaded.set(label, 4712);
        return fine();
      default:
        throw new Error(`launchctl has no "${verb}" here`);
    }
  };
  return { ...managerOf(answer, (line) => / print /.test(line)), loaded, disabled };
}
