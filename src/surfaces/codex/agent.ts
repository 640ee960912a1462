/**
 * One agent of Codex's, as it is rung: looks for its thread, hands the ways to ring to the ringer that tries them,
 * and knows what was said of hooks. What speaks with Codex is loaded at the first ring.
 */
import { readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { formatAddress } from "../../domain/address.ts";
import { bellWords } from "../../domain/bell-words.ts";
import type { Doorbell } from "../../domain/doorbell.ts";
import type { SurfaceMemory } from "../agent-side.ts";
import { chosenWays } from "../chosen-ways.ts";
import type { PaneWay } from "../pane/way.ts";
import { openFondness, partedMemory } from "../path-memory.ts";
import { type Look, PathRinger, type RingPath, type Sent, TURN_BOUNDARY } from "../path-ringer.ts";
import { openResumeGuard, type ResumeGuard } from "../resume-guard.ts";
import type { RingOutcome, SurfaceContext, SurfaceReport } from "../surface.ts";
import { autonomyOf } from "./autonomy.ts";
import type { CodexConfig } from "./config.ts";
import { CODEX_LIMITS, type CodexLimits } from "./limits.ts";
import type { Reach } from "./reach.ts";
import { Resumer } from "./resume.ts";

/** By which hooks name this client. */
const CLIENT = "codex";

/** Whom a ring is for. */
interface Target {
  /** Null where no thread can be rung by Codex itself; `why` says why not. */
  readonly thread: string | null;
  readonly why: string;
  /** Of the Codex that has the thread loaded, or "". */
  readonly version: string;
}

export class CodexAgent {
  readonly ringMsMax: number;
  readonly #context: SurfaceContext;
  readonly #limits: CodexLimits;
  readonly #codexHome: string;
  /** The project's folder, by each of its names. */
  readonly #folders: readonly string[];
  readonly #pane: PaneWay | undefined;
  readonly #ringer: PathRinger<Target>;
  readonly #guard: ResumeGuard;
  readonly #resumer: Resumer | undefined;
  readonly #threads: SurfaceMemory;
  readonly #closing = new AbortController();
  #reach: Promise<Reach> | undefined;
  /** Once it is there. */
  #reachNow: Reach | undefined;
  /** The thread that the agent worked in last, to be resumed. */
  #thread: string | null;

  constructor(
    settings: CodexConfig,
    pane: PaneWay | undefined,
    context: SurfaceContext,
    limits: CodexLimits = CODEX_LIMITS,
  ) {
    this.#limits = limits;
    const codexHome = settings.home ?? (context.env["CODEX_HOME"] || undefined);
    const memory = partedMemory(context.memory);
    this.#context = context;
    this.#pane = pane;
    this.#codexHome = codexHome ?? join(context.env["HOME"] || homedir(), ".codex");
    this.#folders = [context.root, realPath(context.root)];
    this.#threads = memory("thread");
    this.#thread = threadIdOr(this.#threads.load());
    this.#guard = guardOver(memory("resume"));
    const { resume = "off", program = "codex" } = settings;
    if (resume !== "off") {
      this.#resumer = new Resumer({
        ...{ mode: resume, program, codexHome, context, pane, limits },
        guard: this.#guard,
        autonomy: autonomyOf(settings),
        thread: () => this.#thread,
        threadIs: (thread) => this.#threadIs(thread),
      });
    }
    this.#ringer = this.#openRinger(memory("paths"), settings.ringBy);
    const paneMs = pane === undefined ? 0 : pane.ringMsMax + pane.startMsMax;
    const takingMsMax = limits.beginMsMax + limits.takeMsMax;
    this.ringMsMax = limits.busyMsMax + 2 * takingMsMax + limits.startMsMax + paneMs;
    void this.#followThreads();
  }

  get isResumable(): boolean {
    return this.#resumer !== undefined;
  }

  async ring(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    const outcome = await this.#ringer.ring(bell, cancelled);
    const { log } = this.#context;
    const said = outcome.kind === "taken" ? outcome.path : outcome.reason;
    log("debug", "surfaceRang", {
      ...{ surface: "codex", purpose: "ring", ring: bell.ring, attempt: bell.attempt },
      ...{ outcome: outcome.kind, said },
    });
    return outcome;
  }

  /** By a person's wish: also while the guard lets no attempt be made by itself. */
  resume(bell: Doorbell, cancelled: AbortSignal): Promise<RingOutcome> {
    return this.#ringer.alone(cancelled, async (called) => {
      const look = await this.#look(called);
      if (look.kind !== "none") return failed("Codex is open already, and is rung there");
      return (await this.#resumer?.run(bell, called, true)) ?? failed("the configuration allows no resume");
    });
  }

  report(): SurfaceReport {
    const fault = this.#reachNow?.hookFault ?? null;
    const paths = this.#ringer.report();
    const { attempts, untilMs, lastReason } = this.#guard.status();
    return {
      paths:
        fault === null
          ? paths
          : paths.map((path) =>
              path.name === TURN_BOUNDARY ? { ...path, state: "unready", reason: fault } : path,
            ),
      resume: this.isResumable ? { attempts, coolingUntilMs: untilMs, lastReason } : null,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#ringer.close(), this.#resumer?.close()]);
    (await this.#reach)?.close();
  }

  #openRinger(memory: SurfaceMemory, ringBy: string | undefined): PathRinger<Target> {
    const { agent } = this.#context;
    const { busyMsMax, lookAgainMs, beginMsMax, takeMsMax } = this.#limits;
    const receiptMsMax = beginMsMax + takeMsMax;
    const ways: readonly RingPath<Target>[] = [
      { name: "queue", receiptMsMax, send: (...ring) => this.#send("byQueue", ...ring) },
      { name: "app-server", receiptMsMax, send: (...ring) => this.#send("byTurn", ...ring) },
      ...this.#paneWays(),
    ];
    return new PathRinger<Target>({
      agent,
      paths: chosenWays(CLIENT, ringBy, { ways, known: ["queue", "app-server", "tmux"] }),
      fondness: openFondness(memory, Date.now),
      versionOf: ({ version }) => version,
      look: (called) => this.#look(called),
      ...(this.#resumer === undefined ? {} : { resume: (bell, called) => this.#resume(bell, called) }),
      ...{ busyMsMax, lookAgainMs },
    });
  }

  #paneWays(): readonly RingPath<Target>[] {
    const pane = this.#pane;
    if (pane === undefined) return [];
    const { name, ringMsMax } = pane;
    return [{ name, receiptMsMax: ringMsMax, send: (bell, _target, called) => pane.send(bell, called) }];
  }

  async #look(called: AbortSignal): Promise<Look<Target>> {
    const { agent } = this.#context;
    if (this.#resumer?.isAtWork === true) {
      const target = { thread: null, why: "it runs headless", version: "" };
      return { kind: "busy", target, reason: "the agent that was resumed is in its turn" };
    }
    const reach = await this.#reached();
    const known = agent.sessions(CLIENT);
    const found = await reach.find(
      known.map(({ id }) => id),
      called,
    );
    if (found.kind === "thread") {
      const { thread, version } = found;
      this.#threadIs(thread.id);
      const target = { thread: thread.id, why: "", version };
      if (thread.state === "idle") return { kind: "idle", target };
      const reason = busyReason(reach.hookFault, thread.waitsFor);
      return { kind: "busy", target, reason, changed: (until) => reach.turnEnd(thread.id, until) };
    }
    // What its process had loaded and has no more: the word of its end got lost.
    for (const { id, pid } of known) if (found.isCertain && isAppServer(pid)) agent.gone(id);
    const target = { thread: null, why: found.reason, version: known[0]?.version ?? "" };
    // Alive by its process, which not every system tells; any other may have ended without a word.
    const alive = agent.sessions(CLIENT).find(({ pid }) => pid !== null);
    if (alive?.state === "busy") return { kind: "busy", target, reason: busyReason(null, null) };
    if (alive !== undefined) return { kind: "idle", target };
    return { kind: "none", reason: found.reason, ...(this.#pane === undefined ? {} : { target }) };
  }

  async #resume(bell: Doorbell, called: AbortSignal): Promise<RingOutcome> {
    // An agent that is there and took no ring is not to get a second one beside it.
    if ((await this.#pane?.holdsAgent()) === true) return failed("the agent in the pane could not be rung");
    return (await this.#resumer?.run(bell, called, false)) ?? failed("the configuration allows no resume");
  }

  async #send(way: "byQueue" | "byTurn", bell: Doorbell, target: Target, called: AbortSignal): Promise<Sent> {
    if (target.thread === null) return { kind: "unready", reason: target.why };
    const reach = await this.#reached();
    return reach[way](target.thread, bellWords(bell), called);
  }

  #reached(): Promise<Reach> {
    this.#reach ??= import("./reach.ts").then(({ Reach }) => {
      this.#reachNow = new Reach({
        codexHome: this.#codexHome,
        persona: this.#context.persona,
        folders: this.#folders,
        mark: `prism:${formatAddress(this.#context)}:`,
        agent: this.#context.agent,
        limits: this.#limits,
        log: this.#context.log,
      });
      return this.#reachNow;
    });
    return this.#reach;
  }

  #threadIs(thread: string | null): void {
    if (thread === this.#thread) return;
    this.#thread = thread;
    this.#threads.save(thread);
  }

  /** Also between rings: a session's end is told, and then it is forgotten. */
  async #followThreads(): Promise<void> {
    const { agent } = this.#context;
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      const thread = threadIdOr(agent.sessions(CLIENT)[0]?.id);
      if (thread !== null) this.#threadIs(thread);
      await agent.changed(closing);
    }
  }
}

function guardOver(memory: SurfaceMemory): ResumeGuard {
  return openResumeGuard({
    now: Date.now,
    load: () => memory.load(),
    save: (record) => memory.save(record),
  });
}

/** It becomes a word of a command line: what is none of Codex's own ids is no thread. */
function threadIdOr(value: unknown): string | null {
  return typeof value === "string" && /^[0-9a-f][0-9a-f-]{7,63}$/i.test(value) ? value : null;
}

function busyReason(hookFault: string | null, waitsFor: string | null): string {
  if (waitsFor !== null) return `Codex waits for ${waitsFor}`;
  if (hookFault !== null) return `Codex is at work, and is told once its turn is over: ${hookFault}`;
  return "Codex is at work, and is told at its next tool call or when its turn ends";
}

/** True for the server that has the threads of all windows: that it lives says nothing of one of them. */
function isAppServer(pid: number | null): boolean {
  if (pid === null || process.platform !== "linux") return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").includes("app-server");
  } catch {
    return false;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function failed(reason: string): RingOutcome {
  return { kind: "failed", reason };
}
