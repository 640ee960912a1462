/** The manual, prism(1): every verb's table as a page for `man`, and what all of them share. Runs no verb. */
import { argumentWord, flagOf, type Table, variableOf } from "../arguments.ts";
import { EXIT } from "../exit-status.ts";
import { settings } from "../settings.ts";
import type { VerbEntryGroup } from "../verb.ts";
import { example, item, paragraph, section, subsection, titleLine } from "./roff.ts";

/** Of the page's last change of meaning. Not of the build: the same sources give the same page. */
const DATE = "2026-11-21";

export async function manualText(groups: readonly VerbEntryGroup[], version: string): Promise<string> {
  const pages: string[] = [];
  for (const { title, verbs } of groups) {
    pages.push(section(title));
    for (const { summary, load } of verbs) pages.push(verbPage((await load()).table, summary));
  }
  const page = [
    `.\\" made by "prism man"\n`,
    titleLine({ name: "prism", section: 1, date: DATE, source: `prism ${version}` }),
    `${section("Name")}prism \\- AI agents reach each other and wake each other\n`,
    synopsis,
    section("Description"),
    paragraph(
      "An agent that waits at its prompt hears nothing. Prism keeps each signal for it at a hub, rings a doorbell where the agent lives, and hands the signal over when the agent wakes and drains. One executable holds the hub, the daemon that stands watch for one persona in one project, the tools for the agent, and this command line.",
    ),
    paragraph(
      "Every verb takes --help and --json. Called as prism-daemon it is prism daemon. What follows -- is never taken for a flag.",
    ),
    ...pages,
    ...closing(),
  ].join("");
  // A heading begins its first paragraph itself.
  return page.replace(/^(\.S[HS] .*\n)\.PP\n/gm, "$1");
}

const synopsis = `${section("Synopsis")}.B prism\n.I verb\n.RI [ arguments ]\n.br\n.B prism help\n.RI [ verb ]\n.br\n.B prism version\n`;

function verbPage(verb: Table, summary: string): string {
  const words = verb.arguments.map((argument) => ` ${argumentWord(argument)}`).join("");
  const capital = summary.charAt(0).toUpperCase() + summary.slice(1);
  return [
    subsection(`prism ${verb.name}${words}`),
    paragraph(`${capital}.`),
    ...verb.about.map(paragraph),
    ...verb.arguments.map(({ word, about }) => item(word, "", about)),
    ...Object.entries(verb.flags).map(([key, flag]) => {
      if (flag.kind === "switch")
        return item(flagOf(key), "", `${flag.about}${settingText(key, flag.setting)}`);
      const needed = flag.needed === true ? " (needed)" : "";
      const otherwise = flag.otherwise === undefined ? "" : `; otherwise ${flag.otherwise}`;
      return item(
        flagOf(key),
        flag.kind.word,
        `${flag.about}${otherwise}${needed}${settingText(key, flag.setting)}`,
      );
    }),
    ...verb.examples.map(({ line, about }) => example(line, about)),
  ].join("");
}

function settingText(key: string, isSetting: true | undefined): string {
  return isSetting === true ? ` [${variableOf(key)}]` : "";
}

const STATUS_WORDS: { readonly [S in keyof typeof EXIT]: string } = {
  ok: "done, or asked to stop and stopped in order",
  wake: "only of hook wait: the client wakes its session",
  usage: "the command was typed wrong",
  data: "what was given is broken, too long, or a key was used for something else",
  noInput: "a file, folder or signal that was named does not exist",
  noUser: "the addressee or session is unknown, wrapped or gone",
  unavailable: "the hub or daemon is not there, or can't do it",
  software: "a bug; its details are in log/crash.log in the home folder",
  osError: "the address to listen on is taken",
  cantCreate: "another process holds the place",
  ioError: "the disk is full, or not readable or writable",
  tempFail: "try again later",
  protocol: "the two sides do not speak one version",
  noPermission: "the token or the operating system says no",
  config: "a configuration file or a PRISM_ variable is wrong",
  interrupted: "stopped before it was done",
};

function closing(): string[] {
  const variables = Object.entries(settings).map(([key, { about }]) =>
    item(variableOf(key), "", `as ${flagOf(key)}: ${about}`),
  );
  return [
    section("Environment"),
    paragraph(
      "A flag marked with a variable is a setting: it comes from the flag, else from the variable, else from what was set up for the persona, else from config.json under its name without dashes, as execCommand.",
    ),
    item("PRISM_HOME", "", "the folder that holds everything; otherwise ~/.prism"),
    item("PRISM_TOKEN", "", "the hub's token; never an argument, which every user of the host could read"),
    ...variables,
    section("Files"),
    item("~/.prism/config.json", "", "settings, as one JSON object"),
    item("~/.prism/token", "", "the token of this host's hub, for its owner alone"),
    item("~/.prism/hub", "", "the hub's store"),
    item("~/.prism/state", "", "what daemons keep, by tenant and address"),
    item("~/.prism/log", "", "logs, and the details of bugs"),
    section("Exit status"),
    paragraph("Those of sysexits.h:"),
    ...Object.entries(EXIT).map(([name, status]) =>
      item(String(status), "", STATUS_WORDS[name as keyof typeof EXIT]),
    ),
    section("See also"),
    paragraph("prism help VERB shows one verb's part of this page; prism doctor checks a host."),
  ];
}
