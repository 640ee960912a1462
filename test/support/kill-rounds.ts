/**
 * Rounds of `kill -9` against a real hub and real daemons, under load from real sockets. Senders repeat a
 * signal under its key until it is acknowledged; drainers repeat a drain under its key until it is answered.
 * In the end every acknowledged signal must have come out of exactly one drain, and `signal_status` must say
 * `drained` of each. A persona's token is replaced and destroyed all the while. Which process dies when is drawn from a seed; what the kernel does in between is not.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { PrismError } from "../../src/domain/errors.ts";
import type { VerbAnswers, VerbName, VerbParams } from "../../src/domain/verbs.ts";
import { connectHub, type HubConnection } from "../../src/net/hub-client.ts";

export interface KillRounds {
  readonly executable: string;
  readonly rounds: number;
  readonly seed: number;
  readonly personas?: number;
  readonly progress?: (line: string) => void;
}

export interface KillReport {
  readonly hubKills: number;
  readonly daemonKills: number;
  readonly acknowledged: number;
  readonly drained: number;
  /** Times that a persona's token was made anew, and looked at whether it acts and its forerunner does not. */
  readonly tokensChanged: number;
  /** Drains and signals that had to be asked again because an answer got lost. */
  readonly askedAgain: number;
  /** One sentence for each broken promise. */
  readonly violations: readonly string[];
}

/** mulberry32: 32 bits of state, enough to draw who dies next. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function answersAt(port: number): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt++) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (up) return;
    await pause(25);
  }
  throw new Error(`nothing listens on 127.0.0.1:${port} after 30 s`);
}

/** A caller that comes back: each call is repeated over new connections until the hub itself answers it. */
class Caller {
  askedAgain = 0;
  readonly #open: () => Promise<HubConnection>;
  #connection: HubConnection | undefined;

  constructor(port: number, token: string) {
    this.#open = () =>
      new Promise((resolve, reject) => {
        const connection = connectHub(
          { url: `127.0.0.1:${port}`, token, env: {}, openTimeoutMs: 5000 },
          {
            opened: () => resolve(connection),
            push() {},
            closed: (error) => {
              this.#connection = undefined;
              reject(error);
            },
          },
        );
      });
  }

  async call<V extends VerbName>(verb: V, params: VerbParams<V>): Promise<VerbAnswers[V]> {
    for (;;) {
      try {
        this.#connection ??= await this.#open();
        return await this.#connection.call(verb, params, 5000);
      } catch (error) {
        const lost =
          error instanceof PrismError &&
          ["hub_unreachable", "hub_timeout", "interrupted"].includes(error.code);
        if (!lost) throw error;
        this.#connection?.close();
        this.#connection = undefined;
        this.askedAgain += 1;
        await pause(10);
      }
    }
  }

  close(): void {
    this.#connection?.close();
  }
}

class Cast {
  readonly root = mkdtempSync(join(tmpdir(), "prism-kill-"));
  readonly home = join(this.root, "home");
  readonly data = join(this.root, "data");
  readonly port: number;
  readonly executable: string;
  readonly daemons: (ChildProcess | undefined)[] = [];
  hub: ChildProcess | undefined;

  constructor(executable: string, port: number) {
    this.executable = executable;
    this.port = port;
  }

  #spawn(args: readonly string[]): ChildProcess {
    return spawn(this.executable, args, {
      env: { PRISM_HOME: this.home, PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "ignore", "ignore"],
    });
  }

  async startHub(): Promise<void> {
    this.hub = this.#spawn(["hub", "--listen", `127.0.0.1:${this.port}`, "--data", this.data]);
    await answersAt(this.port);
  }

  startDaemon(index: number): void {
    const dir = join(this.root, `project-${index}`);
    mkdirSync(dir, { recursive: true });
    const hub = `http://127.0.0.1:${this.port}`;
    const who = ["--persona", `p${index}`, "--project", dir];
    this.daemons[index] = this.#spawn(["daemon", ...who, "--surface", "terminal", "--hub", hub]);
  }

  async kill(child: ChildProcess | undefined): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async end(): Promise<void> {
    await Promise.all([this.hub, ...this.daemons].map((child) => this.kill(child)));
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What was promised and what came: the books that are compared in the end. */
class Ledger {
  readonly acknowledged = new Map<string, string>();
  /** Signal id to the key of the drain that handed it over. */
  readonly drained = new Map<string, string>();
  readonly violations: string[] = [];

  take(answer: VerbAnswers["drain"]): void {
    for (const signal of answer.signals) {
      const earlier = this.drained.get(signal.id);
      if (earlier !== undefined && earlier !== answer.key) {
        this.violations.push(`${signal.id} came out of two drains, ${earlier} and ${answer.key}`);
      }
      this.drained.set(signal.id, answer.key);
    }
  }
}

export async function killRounds(options: KillRounds): Promise<KillReport> {
  const random = randomFrom(options.seed);
  const personas = options.personas ?? 5;
  const cast = new Cast(options.executable, await freePort());
  const callers: Caller[] = [];
  let stopped = false;
  let hubKills = 0;
  let daemonKills = 0;
  try {
    await cast.startHub();
    const token = (await readFile(join(cast.home, "token"), "utf8")).trim();
    const caller = (): Caller => {
      const made = new Caller(cast.port, token);
      callers.push(made);
      return made;
    };
    for (let i = 0; i < personas; i++) cast.startDaemon(i);
    await allRegistered(caller(), personas);

    const ledger = new Ledger();
    const stop = () => stopped;
    const senders = Array.from({ length: 8 }, (_, i) => send(caller(), ledger, { name: i, personas, stop }));
    // Two at once for each persona: they must share the signals out, never share one.
    const drainers = Array.from({ length: 2 * personas }, (_, i) =>
      drain(caller(), ledger, { name: i, persona: i % personas, stop }),
    );
    const callerWith = (own: string) => new Caller(cast.port, own);
    const tokens = changeTokens(caller(), callerWith, { ledger, stop });
    for (let round = 1; round <= options.rounds; round++) {
      await moreAcknowledged(ledger, 20 + Math.floor(random() * 60));
      if (random() < 0.6) {
        hubKills += 1;
        await cast.kill(cast.hub);
        await cast.startHub();
      } else {
        daemonKills += 1;
        const index = Math.floor(random() * personas);
        await cast.kill(cast.daemons[index]);
        cast.startDaemon(index);
      }
      if (round % 20 === 0) options.progress?.(`round ${round}: ${ledger.acknowledged.size} acknowledged`);
    }
    stopped = true;
    await Promise.all(senders);
    await Promise.all(drainers);
    const tokensChanged = await tokens;
    await settle(caller(), ledger, personas);
    return {
      hubKills,
      daemonKills,
      acknowledged: ledger.acknowledged.size,
      drained: ledger.drained.size,
      tokensChanged,
      askedAgain: callers.reduce((sum, one) => sum + one.askedAgain, 0),
      violations: ledger.violations,
    };
  } finally {
    stopped = true;
    for (const one of callers) one.close();
    await cast.end();
  }
}

async function allRegistered(caller: Caller, personas: number): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const { daemons } = await caller.call("status", {});
    if (daemons.filter((daemon) => daemon.connected).length === personas) return;
    await pause(50);
  }
  throw new Error("the daemons did not register within 30 s");
}

async function moreAcknowledged(ledger: Ledger, count: number): Promise<void> {
  const goal = ledger.acknowledged.size + count;
  for (let attempt = 0; ledger.acknowledged.size < goal; attempt++) {
    if (attempt > 6000) throw new Error("no signal was acknowledged for 30 s");
    await pause(5);
  }
}

interface Sender {
  readonly name: number;
  readonly personas: number;
  readonly stop: () => boolean;
}

async function send(caller: Caller, ledger: Ledger, { name, personas, stop }: Sender): Promise<void> {
  for (let n = 0; !stop(); n++) {
    const to = (name + n) % personas;
    const text = `signal ${n} of sender ${name}`;
    const answer = await caller.call("signal", { to: `p${to}@project-${to}`, text, key: `s${name}-${n}` });
    if (ledger.acknowledged.has(answer.id)) ledger.violations.push(`${answer.id} was given out twice`);
    ledger.acknowledged.set(answer.id, text);
    await pause(2);
  }
}

interface Drainer {
  readonly name: number;
  readonly persona: number;
  readonly stop: () => boolean;
}

async function drain(caller: Caller, ledger: Ledger, { name, persona, stop }: Drainer): Promise<void> {
  for (let n = 0; !stop(); n++) {
    const where = { persona: `p${persona}`, project: `project-${persona}` };
    ledger.take(await caller.call("drain", { ...where, key: `d${name}-${n}`, limit: 7 }));
    await pause(15);
  }
}

/**
 * A persona whose token is replaced, and destroyed now and then. Once the hub has said so the new one acts and the
 * old one does not, whatever was killed in between.
 *
 * @returns how often
 */
async function changeTokens(
  home: Caller,
  callerWith: (token: string) => Caller,
  { ledger, stop }: { readonly ledger: Ledger; readonly stop: () => boolean },
): Promise<number> {
  const steward = { persona: "steward", project: "tokens" };
  async function acts(token: string): Promise<boolean> {
    const caller = callerWith(token);
    try {
      await caller.call("history", steward);
      return true;
    } catch (error) {
      if (error instanceof PrismError && error.code === "unauthorized") return false;
      throw error;
    } finally {
      caller.close();
    }
  }
  let last = "";
  let changes = 0;
  for (; !stop(); changes++) {
    const token = `token ${changes}`.padEnd(43, "-").replaceAll(" ", "_");
    const tokenSha256 = createHash("sha256").update(token).digest("hex");
    await home.call("persona_create", { ...steward, tokenSha256 });
    if (!(await acts(token))) ledger.violations.push(`${token} was made, and does not act`);
    if (last !== "" && (await acts(last))) ledger.violations.push(`${last} was replaced, and acts`);
    if (changes % 3 === 2) {
      await home.call("persona_destroy", steward);
      if (await acts(token)) ledger.violations.push(`${token} was destroyed, and acts`);
    }
    last = token;
    await pause(20);
  }
  return changes;
}

/** Takes what is left, then compares the books with what the hub says of each signal. */
async function settle(caller: Caller, ledger: Ledger, personas: number): Promise<void> {
  for (let persona = 0; persona < personas; persona++) {
    const where = { persona: `p${persona}`, project: `project-${persona}` };
    for (let n = 0; ; n++) {
      const answer = await caller.call("drain", { ...where, key: `last${persona}-${n}`, limit: 500 });
      ledger.take(answer);
      if (answer.remaining === 0) break;
    }
  }
  for (const id of ledger.acknowledged.keys()) {
    if (!ledger.drained.has(id)) ledger.violations.push(`${id} was acknowledged and never drained`);
    const { state } = await caller.call("signal_status", { id });
    if (state !== "drained") ledger.violations.push(`${id} was drained, and its status says ${state}`);
  }
  for (const id of ledger.drained.keys()) {
    if (!ledger.acknowledged.has(id)) ledger.violations.push(`${id} was drained and never acknowledged`);
  }
}
