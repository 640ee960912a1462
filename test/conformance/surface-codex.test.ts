import { join } from "node:path";
import type { CodexConfig } from "../../src/surfaces/codex/config.ts";
import type { CodexLimits } from "../../src/surfaces/codex/limits.ts";
import { type CodexStage, codexStage } from "../support/codex-stage.ts";
import { sessionOf } from "../support/fake-agent-side.ts";
import { tempDir } from "../support/temp-dir.ts";
import { until } from "../support/until.ts";
import { type SurfaceOnStage, surfaceContract } from "./surface-contract.ts";

interface Staging {
  readonly config?: CodexConfig;
  readonly limits?: Partial<CodexLimits>;
  readonly env?: { readonly [name: string]: string };
  /** What goes wrong with all that is sent. */
  readonly fault?: { readonly kind: "lost" | "held" };
  /** No thread is open. */
  readonly isEmpty?: boolean;
  readonly isBusy?: boolean;
}

/** Much of what can go wrong, more often than any test rings. */
const OFTEN = 20;

async function alone(config: CodexConfig = {}): Promise<SurfaceOnStage> {
  const stage = await codexStage();
  return { surface: stage.surface(config), rung: stage.rung };
}

async function served(staging: Staging = {}): Promise<SurfaceOnStage & { readonly stage: CodexStage }> {
  const { config = {}, limits = {}, env = {}, fault, isEmpty, isBusy } = staging;
  const stage = await codexStage({ env });
  await stage.house.serve();
  const client = await stage.house.client();
  if (isEmpty !== true) {
    const id = await stage.thread(client);
    stage.agent.become(sessionOf(id, { client: "codex" }));
    if (isBusy === true) stage.busyWith("think long");
    const input = [{ type: "text", text: "think long" }];
    await client.ask("turn/start", { threadId: id, input });
    const sign = isBusy === true ? "turn/started" : "turn/completed";
    await client.note(({ method }) => method === sign);
  }
  if (fault !== undefined) await client.ask("fake/faults", { faults: Array(OFTEN).fill(fault) });
  const surface = stage.surface(config, { limits: { lookAgainMs: 10, ...limits } });
  let taken = 0;
  return {
    stage,
    rung: stage.rung,
    surface: {
      ...surface,
      // What the agent has taken comes before the model a moment later.
      async ring(bell, cancelled) {
        const outcome = await surface.ring(bell, cancelled);
        if (outcome.kind === "taken") taken += 1;
        await until(() => stage.rung().length >= taken);
        return outcome;
      },
    },
  };
}

const HASTY = { beginMsMax: 80, takeMsMax: 200, busyMsMax: 150 };

surfaceContract("codex", {
  taking: () => served(),
  failing: {
    "no Codex": { make: () => alone(), reason: /^no app-server of Codex runs for this user$/ },
    "a Codex without a thread": {
      make: () => served({ isEmpty: true }),
      reason: /^Codex has no thread open in the project's folder$/,
    },
    "a thread that takes nothing": {
      make: () => served({ fault: { kind: "lost" }, limits: HASTY }),
      reason:
        /^queue: Codex took it into its queue, and nothing came of it; app-server: Codex said that a turn begins, and none did$/,
    },
    "a thread that stays at work": {
      make: () => served({ isBusy: true, limits: HASTY }),
      reason: /^Codex is at work, and is told once its turn is over: Codex knows no hook of Prism's/,
    },
    "a Codex whose queue is known not to work, and that begins no turn": {
      make: () => served({ env: { FAKE_CODEX_VERSION: "0.143.0" }, fault: { kind: "lost" }, limits: HASTY }),
      reason: /queue: Codex 0\.143\.0 takes messages into its queue and never runs them: update it/,
    },
    "a Codex that can't be started": {
      make: () => alone({ resume: "exec", program: join(tempDir(), "codex") }),
      reason: /Codex could not be started: ".*" was not found$/,
    },
    "no tmux session": {
      make: () => alone({ tmuxTarget: "nobody", tmuxSocket: "prism-no-such-server" }),
      reason: /^no app-server of Codex runs for this user; .*tmux: no tmux server runs on socket/,
    },
  },
  async stuck() {
    const staged = await served({ isBusy: true });
    const begun = () => until(() => staged.surface.report?.().paths[0]?.state === "unready");
    return { ...staged, begun };
  },
});
