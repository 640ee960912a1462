/**
 * The first minute, as a story in which every claim is checked before it is told: a signal rings and is
 * drained; then the hub is killed with a signal in flight, comes back, and nothing was lost. What is not so
 * ends the tour with a failure. Prints through the narrator alone.
 */
import { setTimeout as elapsed } from "node:timers/promises";
import { PrismError } from "../../domain/errors.ts";
import type { SignalRecord, VerbAnswers, VerbName, VerbParams } from "../../domain/verbs.ts";
import { readTokenFile } from "../../host/private-file.ts";
import { callHub } from "../../net/hub-client.ts";
import type { Narrator } from "./narrator.ts";
import type { RunningChild, Stage } from "./processes.ts";

export interface TourPlace {
  /** The tour's own home folder. */
  readonly home: string;
  readonly tokenPath: string;
  /** The project's folder, and as a person writes it. */
  readonly project: string;
  readonly projectShown: string;
}

export interface Toured {
  readonly hub: RunningChild;
  readonly daemon: RunningChild;
  readonly rings: Rings;
}

const TO = "reviewer@shop";
const FROM = "planner@shop";
const FIRST_TEXT = "The build is green";
const SECOND_TEXT = "Main is broken";
/** A ring takes a millisecond, a reconnect up to some seconds; a machine under load may take far longer. */
const WAIT_MS_MAX = 30_000;
const POLL_MS = 40;
/** Windows can't freeze a process: there the hub dies with a signal that was rung, but not read. */
const canFreeze = process.platform !== "win32";

/** The surface's lines, as they come; who waits for one gets the next, and none is lost in between. */
export class Rings {
  readonly #lines: { readonly text: string; readonly atMs: number }[] = [];
  #heard: (() => void) | undefined;
  #taken = 0;

  push(text: string, atMs: number): void {
    this.#lines.push({ text, atMs });
    this.#heard?.();
  }

  async next(): Promise<{ readonly text: string; readonly atMs: number }> {
    const deadlineMs = performance.now() + WAIT_MS_MAX;
    for (;;) {
      const line = this.#lines[this.#taken];
      if (line !== undefined) {
        this.#taken += 1;
        return line;
      }
      if (performance.now() > deadlineMs) {
        throw new PrismError("surface_failed", `no doorbell rang within ${WAIT_MS_MAX / 1000} s`);
      }
      await Promise.race([new Promise<void>((resolve) => (this.#heard = resolve)), elapsed(200)]);
    }
  }

  get untaken(): number {
    return this.#lines.length - this.#taken;
  }
}

export class Tour {
  readonly #stage: Stage;
  readonly #place: TourPlace;
  readonly #tell: Narrator;
  readonly #now: () => number;
  #url = "";

  constructor(parts: {
    readonly stage: Stage;
    readonly place: TourPlace;
    readonly tell: Narrator;
    readonly now: () => number;
  }) {
    this.#stage = parts.stage;
    this.#place = parts.place;
    this.#tell = parts.tell;
    this.#now = parts.now;
  }

  /** @throws PrismError if anything is not as it is told */
  async run(): Promise<Toured> {
    const started = await this.#start();
    await this.#ringAndDrain(started);
    const hub = await this.#killAndReturn(started);
    await this.#compareBooks(started.rings);
    return { ...started, hub };
  }

  async #start(): Promise<Toured> {
    await this.#tell.chapter(
      "1  Three parts",
      "A hub keeps signals safe, a daemon stands watch for one agent, and a surface is where that agent can be rung: here, this terminal.",
    );
    const hub = await this.#stage.start("hub", ["hub", "--listen", "127.0.0.1:0", "--json"]);
    this.#url = String(hub.facts["url"]);
    this.#tell.fact("hub", `listens on ${this.#url} (process ${hub.pid})`);
    const daemon = await this.#stage.start("daemon", this.#daemonArgs());
    const rings = new Rings();
    daemon.onLine((line) => rings.push(plainLine(line), this.#now()));
    await this.#connected("the daemon did not connect to the hub");
    this.#tell.fact("daemon", `stands watch for ${TO} (process ${daemon.pid})`);
    this.#tell.fact("surface", "terminal: one line and a bell, where you look");
    this.#tell.step("started", { url: this.#url, hubPid: hub.pid, daemonPid: daemon.pid });
    return { hub, daemon, rings };
  }

  #daemonArgs(): readonly string[] {
    const who = ["--persona", "reviewer", "--project", this.#place.project];
    return ["daemon", ...who, "--surface", "terminal", "--hub", this.#url, "--json"];
  }

  async #ringAndDrain({ rings }: Toured): Promise<void> {
    await this.#tell.chapter(
      "2  A signal rings",
      "The hub has it on disk before it says accepted. The doorbell says who waits and how many, never the text: only a drain hands that over.",
    );
    const sent = await this.#signal(FIRST_TEXT, []);
    await this.#ring(rings, sent);
    await this.#tell.pause();
    await this.#drain(sent, FIRST_TEXT);
  }

  async #killAndReturn({ hub, daemon, rings }: Toured): Promise<RunningChild> {
    await this.#tell.chapter(
      "3  The hub dies with a signal in flight",
      canFreeze
        ? "First the daemon is frozen, as by a closing laptop, so that the signal is accepted but can't arrive. Then the hub is killed without a warning."
        : "The hub is killed without a warning, with a signal in it that nobody has read.",
    );
    if (canFreeze) {
      this.#tell.command(`kill -STOP ${daemon.pid}`);
      daemon.kill("SIGSTOP");
    }
    const sent = await this.#signal(SECOND_TEXT, ["--urgent"]);
    if (!canFreeze) await this.#ring(rings, sent);
    this.#tell.command(`kill -9 ${hub.pid}`);
    hub.kill("SIGKILL");
    await hub.ended;
    await this.#mustBeGone();
    this.#tell.fact("hub", "is gone: nobody answers there");
    this.#tell.step("killed", { hubPid: hub.pid, signal: sent.id });
    await this.#tell.pause();
    const back = await this.#return(daemon, rings, sent);
    await this.#tell.pause();
    await this.#drain(sent, SECOND_TEXT);
    return back;
  }

  async #return(daemon: RunningChild, rings: Rings, sent: SignalRecord): Promise<RunningChild> {
    const port = new URL(this.#url).port;
    const hub = await this.#stage.start("hub", ["hub", "--listen", `127.0.0.1:${port}`, "--json"]);
    this.#tell.fact("hub", `is back on the same port, with the same store (process ${hub.pid})`);
    await this.#tell.pause();
    if (canFreeze) {
      this.#tell.command(`kill -CONT ${daemon.pid}`);
      daemon.kill("SIGCONT");
    }
    const wokeAtMs = performance.now();
    // The notice may have reached the daemon's socket before the hub died, or come from the new one: either
    // way it rings once.
    if (canFreeze) await this.#ring(rings, sent, "as soon as the daemon woke");
    await this.#connected("the daemon did not come back to the hub");
    const tookMs = performance.now() - wokeAtMs;
    this.#tell.fact("daemon", `found the hub again by itself, after ${(tookMs / 1000).toFixed(1)} s`);
    this.#tell.step("returned", { hubPid: hub.pid, reconnectMs: Math.round(tookMs) });
    return hub;
  }

  async #connected(failure: string): Promise<void> {
    await this.#until(failure, async () => {
      const { daemons } = await this.#ask("status", {});
      return daemons.some((session) => session.address === TO && session.connected);
    });
  }

  /** The whole history against what was sent and what was drained. */
  async #compareBooks(rings: Rings): Promise<void> {
    await this.#tell.chapter(
      "4  The books agree",
      "The hub's history, against what was sent and what came out.",
    );
    const { signals } = await this.#ask("history", { persona: "reviewer", project: "shop", limit: 100 });
    const texts = signals.map((signal) => signal.text).reverse();
    must(
      JSON.stringify(texts) === JSON.stringify([FIRST_TEXT, SECOND_TEXT]),
      "the history does not hold what was sent",
    );
    must(
      signals.every((signal) => signal.state === "drained"),
      "a signal was not drained",
    );
    const rest = await this.#ask("drain", { persona: "reviewer", project: "shop" });
    must(rest.signals.length === 0 && rest.remaining === 0, "a drained signal came out a second time");
    this.#tell.proof(`${signals.length} signals accepted, ${signals.length} drained, none lost, none twice`);
    must(rings.untaken === 0, "a doorbell rang for what was already drained");
    this.#tell.proof("one doorbell for each, and no more");
    this.#tell.step("compared", { accepted: signals.length, drained: signals.length, lost: 0, twice: 0 });
  }

  async #signal(text: string, flags: readonly string[]): Promise<SignalRecord> {
    await this.#type(["signal", TO, text, "--from", FROM, ...flags]);
    const { signals } = await this.#ask("history", { persona: "reviewer", project: "shop", limit: 1 });
    const [sent] = signals;
    must(sent?.text === text && sent.from === FROM, "the hub does not hold the signal that it accepted");
    this.#tell.step("accepted", { signal: sent.id });
    return sent;
  }

  /** @param when said of the ring; absent: how long after the hub had the signal */
  async #ring(rings: Rings, sent: SignalRecord, when?: string): Promise<void> {
    const { text, atMs } = await rings.next();
    must(text.includes(`1 signal waits for ${TO}`) && text.includes(FROM), `the doorbell said "${text}"`);
    must(!text.includes(sent.text), "the doorbell carried the signal's text");
    const latencyMs = Math.max(0, atMs - sent.acceptedAtMs);
    this.#tell.ring(text, when ?? `${latencyMs < 1 ? "under 1" : latencyMs} ms after the hub had it on disk`);
    this.#tell.step("rang", { signal: sent.id, latencyMs });
  }

  async #drain(sent: SignalRecord, text: string): Promise<void> {
    const out = await this.#type(["drain", "--persona", "reviewer", "--project", this.#place.project]);
    must(out.includes(text), "the drain did not hand over the signal's text");
    const { state } = await this.#ask("signal_status", { id: sent.id });
    must(state === "drained", `the hub calls the drained signal ${state}`);
    this.#tell.step("drained", { signal: sent.id });
  }

  /** Types a command as a person would, and shows what it printed. */
  async #type(args: readonly string[]): Promise<string> {
    this.#tell.command(["prism", ...args.map((arg) => this.#shown(arg))].join(" "));
    const ran = await this.#stage.run(args);
    if (ran.status !== 0) {
      throw new PrismError("internal", `prism ${args[0]} ended with status ${ran.status}`, {
        hint: ran.err.trim().split("\n")[0] ?? "",
      });
    }
    this.#tell.output(ran.out);
    return ran.out;
  }

  #shown(arg: string): string {
    if (arg === this.#place.project) return this.#place.projectShown;
    return /[^\w@./:~-]/.test(arg) ? `"${arg}"` : arg;
  }

  #ask<V extends VerbName>(verb: V, params: VerbParams<V>): Promise<VerbAnswers[V]> {
    return callHub({ url: this.#url, token: readTokenFile(this.#place.tokenPath), env: {} }, verb, params);
  }

  async #mustBeGone(): Promise<void> {
    const answered = await this.#ask("status", {}).then(
      () => true,
      () => false,
    );
    must(!answered, "the killed hub still answers");
  }

  async #until(failure: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + WAIT_MS_MAX;
    while (performance.now() < deadlineMs) {
      if (await isSo()) return;
      await elapsed(POLL_MS);
    }
    throw new PrismError("hub_timeout", `${failure} within ${WAIT_MS_MAX / 1000} s`);
  }
}

/** What the tour claims and is not so is a bug, and must not be told as a success. */
function must(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo)
    throw new PrismError("internal", `the tour found that ${otherwise}`, { hint: "please report this" });
}

/** Without the bell and whatever else moves a cursor. */
function plainLine(line: string): string {
  return line.replace(/[\u0000-\u001f\u007f]/g, "");
}
