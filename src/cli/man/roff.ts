/**
 * Text as a page for `man`: the macros of man(7) that groff and mandoc both know, and no other. Pure; knows no verb.
 */

/** Any text as roff shows it, character by character: no request, no escape, no hyphen where a minus was typed. */
export function roff(text: string): string {
  const plain = text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replaceAll("`", "\\(ga")
    .replaceAll("'", "\\(aq")
    .replace(/[^\u0000-\u007f]/gu, (char) => `\\[u${hex(char)}]`);
  // A line that begins with a dot would be a request; one with a quote is taken care of above.
  return plain.replace(/^\./gm, "\\&.");
}

function hex(char: string): string {
  return (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

/** As an argument of a macro: a quote would end it. */
function argument(text: string): string {
  return `"${roff(text).replaceAll('"', "\\(dq")}"`;
}

export function titleLine(page: {
  readonly name: string;
  readonly section: number;
  readonly date: string;
  readonly source: string;
}): string {
  const { name, section, date, source } = page;
  return `.TH ${name.toUpperCase()} ${section} ${date} ${argument(source)}\n`;
}

export function section(title: string): string {
  return `.SH ${argument(title.toUpperCase())}\n`;
}

export function subsection(title: string): string {
  return `.SS ${argument(title)}\n`;
}

export function paragraph(text: string): string {
  return `.PP\n${roff(text)}\n`;
}

/** A term in bold, the word for its value in italics, and what it means. */
export function item(term: string, value: string, about: string): string {
  const shown = value === "" ? `.B ${argument(term)}` : `.BI ${argument(`${term} `)} ${argument(value)}`;
  return `.TP\n${shown}\n${roff(about)}\n`;
}

/** A line to type, as it is. */
export function example(line: string, about: string): string {
  return `.PP\n${roff(about)}:\n.PP\n.RS 4\n.nf\n${roff(line)}\n.fi\n.RE\n`;
}
