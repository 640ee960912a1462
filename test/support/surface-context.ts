/** What a surface is made with, and an output that a test can look at. */
import type { SurfaceContext, SurfaceOutput } from "../../src/surfaces/surface.ts";

export function contextWith(more: Partial<SurfaceContext> = {}): SurfaceContext {
  return {
    persona: "reviewer",
    project: "shop",
    root: "/",
    env: { PATH: process.env["PATH"] },
    output: { isTerminal: false, write: (_text, written) => written() },
    log() {},
    ...more,
  };
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
