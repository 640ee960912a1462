/** Completions for zsh, by its own `_arguments`: flags with what they mean. Starts no process. */

import { quotedForShell } from "../../domain/shell-word.ts";
import { type FlagGrammar, firstWords, type Grammar, type Offer, type VerbGrammar } from "./grammar.ts";

export function zshCompletions(grammar: Grammar): string {
  const isAlone = (word: string): string => (grammar.verbs.some(({ name }) => name === word) ? "yes" : "");
  const families = Array.from(
    grammar.families,
    ([first, seconds]) =>
      `    ${first}) seconds=(${seconds.map(described).join(" ")}) alone=${isAlone(first)} ;;`,
  );
  return `#compdef prism prism-daemon
# zsh completions for prism ${grammar.version}, made by "prism completions zsh"

_prism_addresses() {
  local -a names
  names=(\${PRISM_HOME:-$HOME/.prism}/state/*/*@*(N/:t))
  (($#names)) && compadd "$@" -- \${(u)names}
}

_prism_personas() {
  local -a names
  names=(\${PRISM_HOME:-$HOME/.prism}/state/*/*@*(N/:t))
  (($#names)) && compadd "$@" -- \${(u)names%%@*}
}

_prism_verbs() {
  local -a verbs
  verbs=(
${firstWords(grammar)
  .map((row) => `    ${described(row)}`)
  .join("\n")}
  )
  _describe -t verbs verb verbs
}

_prism_family() {
  case $1 in
${families.join("\n")}
    *) return 1 ;;
  esac
}

_prism_verb() {
  case $1 in
${grammar.verbs.map(rowOf).join("\n")}
    *) _message 'no such verb' ;;
  esac
}

_prism() {
  local curcontext=$curcontext verb alone
  local -a seconds
  if [[ \${words[1]:t} == prism-daemon* ]]; then
    _prism_verb daemon
    return
  fi
  if ((CURRENT == 2)); then
    _prism_verbs
    return
  fi
  shift words
  ((CURRENT--))
  verb=$words[1]
  if _prism_family $verb; then
    if ((CURRENT == 2)); then
      _describe -t verbs 'second word' seconds
      [[ -n $alone ]] && _prism_verb $verb
      return
    fi
    if (( \${seconds[(I)$words[2]:*]} )); then
      shift words
      ((CURRENT--))
      verb+=" $words[1]"
    fi
  fi
  _prism_verb $verb
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _prism "$@"
else
  compdef _prism prism prism-daemon
fi
`;
}

function rowOf({ name, flags, places }: VerbGrammar): string {
  const specs = [
    ...flags.map(flagSpec),
    ...places.map(({ word, offer }, at) => quotedForShell(`${at + 1}:${plain(word)}:${actionOf(offer)}`)),
  ];
  return `    ${quotedForShell(name)})\n      _arguments -S : \\\n${specs.map((spec) => `        ${spec}`).join(" \\\n")}\n      ;;`;
}

function flagSpec({ flag, about, value }: FlagGrammar): string {
  const meaning = `[${about.replace(/[\\[\]]/g, "\\$&")}]`;
  if (value === null) return quotedForShell(`${flag}${meaning}`);
  return quotedForShell(`${flag}=${meaning}:${plain(value.word)}:${actionOf(value.offer)}`);
}

function actionOf(offer: Offer): string {
  switch (offer.kind) {
    case "words":
      return `(${offer.words.join(" ")})`;
    case "files":
      return "_files";
    case "folders":
      return "_files -/";
    case "personas":
      return "_prism_personas";
    case "addresses":
      return "_prism_addresses";
    case "verbs":
      return "_prism_verbs";
    case "nothing":
      // One blank: no completion, and the word is shown as a hint.
      return " ";
  }
}

function described({ word, summary }: { readonly word: string; readonly summary: string }): string {
  return quotedForShell(`${plain(word)}:${summary}`);
}

function plain(text: string): string {
  return text.replace(/[\\:]/g, "\\$&");
}
