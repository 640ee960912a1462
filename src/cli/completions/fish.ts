/** Completions for fish, from 3.1 on: each flag with what it means. Starts no process. */
import { firstWords, type Grammar, type Offer, type VerbGrammar } from "./grammar.ts";

export function fishCompletions(grammar: Grammar): string {
  const pairs = grammar.verbs.filter(({ name }) => name.includes(" ")).map(({ name }) => quoted(name));
  const seconds = Array.from(grammar.families, ([first, rows]) =>
    rows.map(
      ({ word, summary }) =>
        `complete -c prism -n '__prism_is_first ${first}' -a ${quoted(word)} -d ${quoted(summary)}`,
    ),
  ).flat();
  return `# fish completions for prism ${grammar.version}, made by "prism completions fish"

function __prism_addresses
    set -l home $PRISM_HOME
    test -n "$home"; or set home $HOME/.prism
    for each in $home/state/*/*@*/
        string match -r '[^/]+(?=/$)' -- $each
    end | sort -u
end

function __prism_personas
    __prism_addresses | string replace -r '@.*' '' | sort -u
end

# The words before the one that is typed, without the program's name.
function __prism_words
    set -l words (commandline -opc)
    string match -q -r '(^|/)prism-daemon' -- $words[1]; and echo daemon
    for each in $words[2..-1]
        echo -- $each
    end
end

function __prism_is_bare
    test (count (__prism_words)) -eq 0
end

# The first word of a verb of two, and nothing behind it.
function __prism_is_first
    set -l words (__prism_words)
    test (count $words) -eq 1; and test "$words[1]" = $argv[1]
end

function __prism_verb
    set -l words (__prism_words)
    if contains -- "$words[1] $words[2]" ${pairs.join(" ")}
        echo -- "$words[1] $words[2]"
    else
        echo -- "$words[1]"
    end
end

function __prism_is
    test (__prism_verb) = $argv[1]
end

# The flags of a verb that take a value.
function __prism_valued
    switch $argv[1]
${grammar.verbs.map(valuedOf).join("\n")}
    end
end

# True if so many words stand beside the flags of this verb.
function __prism_stands
    __prism_is $argv[1]; or return 1
    set -l words (__prism_words)
    set -l valued (__prism_valued $argv[1])
    set -l begin (math 1 + (count (string split ' ' -- $argv[1])))
    set -l count 0
    set -l pending 0
    for word in $words[$begin..-1]
        if test $pending -eq 1
            set pending 0
        else if contains -- $word $valued
            set pending 1
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    test $pending -eq 0; and test $count -eq $argv[2]
end

complete -c prism -f
complete -c prism-daemon -w 'prism daemon'

${firstWords(grammar)
  .map(({ word, summary }) => `complete -c prism -n __prism_is_bare -a ${quoted(word)} -d ${quoted(summary)}`)
  .join("\n")}
${seconds.join("\n")}
${grammar.verbs.flatMap((verb) => rowsOf(verb, grammar)).join("\n")}
`;
}

function valuedOf({ name, flags }: VerbGrammar): string {
  const valued = flags.filter(({ value }) => value !== null).map(({ flag }) => flag);
  const said = valued.length === 0 ? "return 0" : `printf '%s\\n' ${valued.join(" ")}`;
  return `        case ${quoted(name)}\n            ${said}`;
}

function rowsOf({ name, flags, places }: VerbGrammar, grammar: Grammar): string[] {
  const isIt = quoted(`__prism_is ${doubleQuoted(name)}`);
  return [
    ...flags.map(({ flag, about, value }) => {
      const words = `complete -c prism -n ${isIt} -l ${flag.slice(2)} -d ${quoted(about)}`;
      return value === null ? words : `${words} ${valueText(value.offer, grammar)}`;
    }),
    ...places.flatMap(({ offer }, at) => {
      const stands = quoted(`__prism_stands ${doubleQuoted(name)} ${at}`);
      return offer.kind === "nothing" ? [] : [`complete -c prism -n ${stands} ${placeText(offer, grammar)}`];
    }),
  ];
}

function valueText(offer: Offer, grammar: Grammar): string {
  if (offer.kind === "files") return "-r -F";
  const words = wordsOf(offer, grammar);
  return words === "" ? "-x" : `-x -a ${words}`;
}

function placeText(offer: Offer, grammar: Grammar): string {
  return offer.kind === "files" ? "-F" : `-a ${wordsOf(offer, grammar)}`;
}

function wordsOf(offer: Offer, grammar: Grammar): string {
  switch (offer.kind) {
    case "words":
      return quoted(offer.words.join(" "));
    case "folders":
      return "'(__fish_complete_directories (commandline -ct))'";
    case "personas":
      return "'(__prism_personas)'";
    case "addresses":
      return "'(__prism_addresses)'";
    case "verbs":
      return quoted(
        firstWords(grammar)
          .map(({ word }) => word)
          .join(" "),
      );
    case "files":
    case "nothing":
      return "";
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function doubleQuoted(name: string): string {
  return `"${name}"`;
}
