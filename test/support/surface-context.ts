/** What a surface is made with, and an output that a test can look at. */
import type { AgentSide } from "../../src/surfaces/agent-side.ts";
import { loadSurface, type SurfaceConfig } from "../../src/surfaces/registry.ts";
import type { Surface, SurfaceContext, SurfaceOutput } from "../../src/surfaces/surface.ts";

/** An agent's side without any session, that never shows a receipt. */
export const nobodyThere: AgentSide = {
  sessions: () => [],
  receipts: 0,
  receiptAfter: (_mark, until) => fired(until).then(() => null),
  changed: (until) => fired(until),
  wake: () => false,
  listeners: () => 0,
  tellChannels: () => 0,
  gone() {},
};

function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

export function contextWith(more: Partial<SurfaceContext> = {}): SurfaceContext {
  return {
    persona: "reviewer",
    project: "shop",
    root: "/",
    env: { PATH: process.env["PATH"] },
    output: { isTerminal: false, write: (_text, written) => written() },
    attached: () => ({}),
    attachDone: () => Promise.resolve(),
    agent: nobodyThere,
    memory: { load: () => null, save() {} },
    log() {},
    ...more,
  };
}

export async function openSurface(
  name: string,
  config: SurfaceConfig,
  context: SurfaceContext,
): Promise<Surface> {
  return (await loadSurface(name, config))(context);
}

/** An output that keeps what was written to it. */
export function keptOutput(more: Partial<SurfaceOutput> = {}): SurfaceOutput & { readonly texts: string[] } {
  const texts: string[] = [];
  return {
    texts,
    isTerminal: false,
    write(text, written) {
      texts.push(text);
      queueMicrotask(written);
    },
    ...more,
  };
}
