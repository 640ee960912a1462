/** A part of the panel, and what stands in it before and after it was read. */
import type { ComponentChildren } from "preact";
import type { Read } from "./panel-data.ts";

export function Part({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="part" aria-label={title}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

interface ShownProps<T> {
  readonly read: Read<T>;
  readonly children: (value: T) => ComponentChildren;
}

/** What was read; before that its place, and a failure in words. */
export function Shown<T>({ read, children }: ShownProps<T>) {
  if (read.kind === "asking")
    return (
      <div class="bones" aria-hidden="true">
        <i class="bone is-block" />
      </div>
    );
  if (read.asked.ok) return <>{children(read.asked.value)}</>;
  const { message, hint } = read.asked;
  return (
    <p class="nothing is-failed" role="alert">
      {message}
      {hint !== null && <>; {hint}</>}
    </p>
  );
}
