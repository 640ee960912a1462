/** A command to be copied, and a remedy that holds some. */
import { useSignal } from "@preact/signals";
import { remedyParts } from "../../../domain/overview/remedy.ts";
import { Icon } from "./icons.tsx";

const SHOWN_MS = 1600;

export function Command({ text }: { readonly text: string }) {
  const isCopied = useSignal(false);
  const copy = async (event: Event) => {
    // The row around it opens on a click.
    event.stopPropagation();
    isCopied.value = await copied(text);
    setTimeout(() => {
      isCopied.value = false;
    }, SHOWN_MS);
  };
  return (
    <span class="command">
      <code>{text}</code>
      <button
        type="button"
        onClick={copy}
        aria-label={isCopied.value ? "Copied" : `Copy: ${text}`}
        title="Copy"
      >
        <Icon name={isCopied.value ? "done" : "copy"} />
      </button>
    </span>
  );
}

export function Remedy({ text }: { readonly text: string }) {
  return (
    <span class="remedy">
      {remedyParts(text).map((part) =>
        part.kind === "command" ? <Command text={part.text} /> : <span>{part.text}</span>,
      )}
    </span>
  );
}

/** @returns false where the browser does not allow it */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
