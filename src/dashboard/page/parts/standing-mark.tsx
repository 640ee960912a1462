/** A standing as a shape of its own in its colour: told apart without colour, and named in words beside it. */
import type { ComponentChild } from "preact";
import type { Standing } from "../../../domain/overview.ts";

const SHAPES: Readonly<Record<Standing, ComponentChild>> = {
  // A full disc, struck through: nothing comes in.
  deaf: (
    <>
      <circle cx="8" cy="8" r="6.5" fill="currentColor" />
      <path d="M4.6 11.4 11.4 4.6" stroke="var(--ground)" stroke-width="1.9" stroke-linecap="round" />
    </>
  ),
  stuck: <path d="M8 2.2 14.4 13.4H1.6Z" fill="currentColor" stroke="currentColor" stroke-linejoin="round" />,
  waiting: (
    <>
      <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" stroke-width="1.8" />
      <path d="M8 2.4a5.6 5.6 0 0 1 0 11.2Z" fill="currentColor" />
    </>
  ),
  well: <circle cx="8" cy="8" r="3.6" fill="currentColor" />,
  off: <path d="M4 8h8" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" />,
};

export function StandingMark({ standing }: { readonly standing: Standing }) {
  return (
    <svg class={`mark is-${standing}`} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[standing]}
    </svg>
  );
}
