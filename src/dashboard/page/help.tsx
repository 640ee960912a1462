/** The keys and what the shapes mean, in a dialog of the browser's own. */
import { type Signal, signal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { STANDING_WORDS } from "../../domain/overview/words.ts";
import { STANDINGS } from "../../domain/overview.ts";
import { KEYS, keyText } from "./model/keys.ts";
import { Icon } from "./parts/icons.tsx";
import { StandingMark } from "./parts/standing-mark.tsx";

export const isHelpOpen: Signal<boolean> = signal(false);

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    const element = dialog.current;
    if (isHelpOpen.value && element?.open === false) element.showModal();
    if (!isHelpOpen.value && element?.open === true) element.close();
  });
  const close = () => {
    isHelpOpen.value = false;
  };
  return (
    // A click beside it closes it; the keyboard has Esc.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <div class="help-page">
        <header>
          <h2 id="help-title">Keys and meanings</h2>
          <button type="button" class="tool" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        <dl class="keys">
          {KEYS.map(({ keys, does }) => (
            <div key={does}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{keyText(key)}</kbd>
                ))}
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <h3>Standing</h3>
        <dl class="meanings">
          {STANDINGS.map((standing) => (
            <div key={standing}>
              <dt class={`standing is-${standing}`}>
                <StandingMark standing={standing} />
                {STANDING_WORDS[standing].word}
              </dt>
              <dd>{STANDING_WORDS[standing].means}</dd>
            </div>
          ))}
        </dl>
        <p class="aside">
          The small drawings show the last 24 hours. Looking changes nothing, and no text of a signal comes
          here.
        </p>
      </div>
    </dialog>
  );
}
