/**
 * Somewhere that an ordinary user runs commands under a systemd of their own, and what these tests ask there. Knows
 * no namespace and no machine: how a command gets in is handed in.
 */
import { type ChildProcess, spawn } from "node:child_process";

/** The user of these worlds: no root, no rights, a home of their own. */
export const USER = { name: "ann", id: 4242 } as const;

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Place {
  /** The user's own folder, as programs there call it. */
  readonly userDir: string;
  /** Begins a command as the user, in their folder. */
  readonly begin: (argv: readonly string[]) => ChildProcess;
}

const LOOKS_MAX = 300;
const LOOK_MS = 100;

export async function ran(child: ChildProcess): Promise<Ran> {
  let out = "";
  let err = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
  return { status, out, err };
}

/** `env -i`, as no shell and no developer's settings would be there. */
export function asUser(userDir: string): readonly string[] {
  const { name, id } = USER;
  const path = `${userDir}/.local/bin:/usr/local/bin:/usr/bin:/bin`;
  return [
    ...["setpriv", "--reuid", String(id), "--regid", String(id), "--clear-groups"],
    ...["env", "-i", "--chdir", userDir, `HOME=${userDir}`, `USER=${name}`, `LOGNAME=${name}`],
    ...[`PATH=${path}`, "LANG=C.UTF-8", "SHELL=/bin/sh", `XDG_RUNTIME_DIR=/run/user/${id}`],
  ];
}

/** @throws Error with the last answer, if it never becomes so */
export async function untilSo<T>(ask: () => Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  let last: unknown;
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    try {
      const answer = await ask();
      if (isSo(answer)) return answer;
      last = answer;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`it never became so; last: ${JSON.stringify(last)}`);
}

/** Runs as the user to its end. */
export function run(place: Place, ...argv: readonly string[]): Promise<Ran> {
  return ran(place.begin(argv));
}

/** A command that must end well. @returns what it printed */
export async function fine(place: Place, ...argv: readonly string[]): Promise<string> {
  const { status, out, err } = await run(place, ...argv);
  if (status === 0) return out;
  throw new Error(`${argv.join(" ")} ended with ${status}: ${err || out}`);
}

interface Service {
  readonly name: string;
  readonly state: string;
  readonly pid: number | null;
  readonly restarts: number | null;
  readonly startsAgain: boolean;
  readonly why: string | null;
}

/** Prism as that user has it on the PATH. */
export function prismOf(place: Place) {
  // biome-ignore lint/suspicious/noExplicitAny: each verb answers with a shape of its own
  const asked = async (...words: readonly string[]): Promise<any> => {
    return JSON.parse(await fine(place, "prism", ...words, "--json"));
  };
  const services = async (): Promise<readonly Service[]> => (await asked("service", "status")).services;
  const service = async (name: string): Promise<Service> => {
    const found = (await services()).find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no service ${name}`);
    return found;
  };
  /** Each daemon of this host by its own word: what it is and which life and version that is. */
  const lives = async () => {
    const { here } = (await asked("status")) as {
      here: readonly { persona: string; pid: number; version: string; lifecycle: { state: string } }[];
    };
    const rows = here.map(({ persona, pid, version, lifecycle }) => {
      const isUp = lifecycle.state === "connected" || lifecycle.state === "emitting";
      return [persona, { pid, version, isUp }] as const;
    });
    return new Map(rows);
  };
  return {
    place,
    asked,
    services,
    service,
    lives,
    /** Settles once all of them are CONNECTED, in another life than these processes. */
    connected: (personas: readonly string[], not: readonly (number | null)[] = []) =>
      untilSo(lives, (now) =>
        personas.every((persona) => {
          const life = now.get(persona);
          return life?.isUp === true && !not.includes(life.pid);
        }),
      ),
    async signal(to: string, text: string): Promise<string> {
      return (await asked("signal", to, text, "--from", "boss@desk")).id;
    },
    /** The ids of all that waits, in order; afterwards nothing does. */
    async drained(persona: string, project: string): Promise<readonly string[]> {
      const ids: string[] = [];
      for (;;) {
        const { signals } = await asked("drain", "--persona", persona, "--project", project);
        if (signals.length === 0) return ids;
        ids.push(...signals.map(({ id }: { id: string }) => id));
      }
    },
  };
}

export type Prism = ReturnType<typeof prismOf>;

/** Begins a command with its output to be read, and no input. */
export function piped(argv: readonly string[]): ChildProcess {
  const [program = "", ...words] = argv;
  return spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
}
