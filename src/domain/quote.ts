/**
 * A sender's text, quoted so that it can't pass for anybody else's words. Each line stands behind a bar: a fence
 * around the whole could leak or be closed by the text itself, a prefix can't be left. Whatever a terminal or a
 * reader might act on instead of showing it is spelt out, as in `\u{1b}`. Knows nothing of signals.
 */
const BAR = "| ";

/** Every way to begin a new line that a reader or a terminal may know. */
const LINE_ENDS = /\r\n|[\r\n\v\f\u0085\u2028\u2029]/g;

/**
 * Control characters but the tab and the line end; what turns the direction of text; what is not shown at all
 * and so could hide words from a person that a model reads. The joiners of Persian and of emoji families stay, as
 * do the two selectors of an emoji's look: without them honest text would come out broken.
 */
const UNSHOWN =
  /[[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]--[\t\n\u200c\u200d\ufe0e\ufe0f]]/gv;

/**
 * The `<` of tags by which clients mark what is the system's or whose turn it is: `<system-reminder>`,
 * `</cross-session-message>`, `<environment_context>`, `<|im_start|>`. A drain may reach a model inside such a tag
 * (a hook's context does), which the sender's text must not be able to close, nor open a second one.
 * Clients add tags with each release, so they are told by their form: a name with a dash, an underscore or a
 * colon, or one of the few that name a speaker or call a tool. Other angle brackets stay as they are: most are
 * code, in which a spelt-out one would be copied with the rest.
 */
const SYSTEM_TAGS =
  /<(?=\/?(?:[a-z][a-z0-9.]*(?:[-_]|:(?!:))|(?:system|developer|user|human|assistant|instructions|permissions|channel|skill|invoke|parameter)\b)|\|[a-z_]+\|>)/gi;

/** A few words of somebody else's within a line of our own, in quotes: for what should be a name and is none. */
export function quoteWords(text: string): string {
  return `"${spellOut(text.replace(LINE_ENDS, " ")).replaceAll('"', "'")}"`;
}

/** @returns as many lines as the text has, each beginning with `| ` and ended by `\n`, the last by nothing */
export function quoteText(text: string): string {
  return spellOut(text.replace(LINE_ENDS, "\n"))
    .split("\n")
    .map((line) => BAR + line)
    .join("\n");
}

function spellOut(text: string): string {
  return text.replace(UNSHOWN, spelt).replace(SYSTEM_TAGS, spelt);
}

function spelt(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
