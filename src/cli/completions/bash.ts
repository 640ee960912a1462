/**
 * Completions for bash, from 3.2 (macOS) on. Needs no bash-completion and starts no process: names of personas are
 * the folders of Prism's own home. Leaves COMP_WORDBREAKS alone, which is the user's: words that bash cuts at "@",
 * "=" and ":" are put together again.
 */

import { quotedForShell } from "../../domain/shell-word.ts";
import { firstWords, type Grammar, type Offer, type VerbGrammar } from "./grammar.ts";

export function bashCompletions(grammar: Grammar): string {
  const families = Array.from(
    grammar.families,
    ([first, seconds]) =>
      `    ${first}) seconds=${quotedForShell(seconds.map(({ word }) => word).join(" "))} ;;`,
  );
  return `# bash completions for prism ${grammar.version}, made by "prism completions bash"

# What a verb takes: flags, each with what its value may be, and what may stand beside them.
_prism_table() {
  case $1 in
${grammar.verbs.map(rowOf).join("\n")}
    *) return 1 ;;
  esac
}

_prism_family() {
  case $1 in
${families.join("\n")}
    *) return 1 ;;
  esac
}

_prism_value_of() {
  local each
  what=
  for each in "\${flags[@]}"; do
    if [[ $each == "$1 "* ]]; then what=\${each#* }; fi
  done
}

_prism_addresses() {
  local each
  for each in "\${PRISM_HOME:-$HOME/.prism}"/state/*/*@*/; do
    each=\${each%/}
    if [[ -d $each ]]; then printf '%s\\n' "\${each##*/}"; fi
  done | sort -u
}

# Of what may stand there, all that begins as typed.
_prism_offer() {
  local IFS=$'\\n'
  case $1 in
    @files) compopt -o filenames 2>/dev/null; found=($(compgen -f -- "$2")) ;;
    @folders) compopt -o filenames 2>/dev/null; found=($(compgen -d -- "$2")) ;;
    @addresses) found=($(compgen -W "$(_prism_addresses)" -- "$2")) ;;
    @personas) found=($(compgen -W "$(_prism_addresses | cut -d@ -f1 | sort -u)" -- "$2")) ;;
    @verbs) found=($(compgen -W "\${_prism_first// /$IFS}" -- "$2")) ;;
    @*) ;;
    *) found=($(compgen -W "\${1// /$IFS}" -- "$2")) ;;
  esac
}

_prism_first=${quotedForShell(
    firstWords(grammar)
      .map(({ word }) => word)
      .join(" "),
  )}

_prism() {
  local rest=\${COMP_LINE:0:COMP_POINT} piece word cur what='' verb='' seconds='' pending='' ended='' before
  local flags=() places=() words=() found=() i at=1 last place=0
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece=\${COMP_WORDS[i]}
    word=\${rest#"\${rest%%[![:blank:]]*}"}
    if ((i == 0)) || [[ $word != "$rest" ]]; then words+=(''); fi
    if [[ $word != "$piece"* ]]; then piece=$word; fi
    words[\${#words[@]} - 1]+=$piece
    rest=\${word#"$piece"}
  done
  last=$((\${#words[@]} - 1))
  cur=\${words[last]}
  # Bash replaces the last piece alone, and of an address that is what begins with the "@".
  before=\${cur%"$2"}
  if [[ \${words[0]##*/} == prism-daemon* ]]; then
    verb=daemon
  elif ((last == 1)); then
    _prism_offer "$_prism_first --help --version" "$cur"
  else
    verb=\${words[1]} at=2
    if _prism_family "$verb"; then
      if ((last == 2)); then
        _prism_table "$verb" || flags=(--help)
        _prism_offer "$seconds \${flags[*]%% *}" "$cur"
        verb=''
      elif [[ " $seconds " == *" \${words[2]} "* ]]; then
        verb+=" \${words[2]}" at=3
      fi
    fi
  fi
  if [[ -n $verb ]] && _prism_table "$verb"; then
    for ((i = at; i < last; i++)); do
      word=\${words[i]}
      if [[ -n $pending ]]; then
        pending=''
      elif [[ -n $ended || $word != -* ]]; then
        place=$((place + 1))
      elif [[ $word == -- ]]; then
        ended=yes
      elif [[ $word != *=* ]]; then
        _prism_value_of "$word"
        pending=$what
      fi
    done
    if [[ -n $pending ]]; then
      _prism_offer "$pending" "$cur"
    elif [[ -z $ended && $cur == --*=* ]]; then
      _prism_value_of "\${cur%%=*}"
      _prism_offer "\${what:-@nothing}" "\${cur#*=}"
      for ((i = 0; i < \${#found[@]}; i++)); do found[i]=\${cur%%=*}=\${found[i]}; done
    elif [[ -z $ended && $cur == -* ]]; then
      _prism_offer "\${flags[*]%% *}" "$cur"
    else
      _prism_offer "\${places[place]:-@nothing}" "$cur"
    fi
  fi
  COMPREPLY=()
  for ((i = 0; i < \${#found[@]}; i++)); do COMPREPLY[i]=\${found[i]#"$before"}; done
}

complete -F _prism prism prism-daemon
`;
}

function rowOf({ name, flags, places }: VerbGrammar): string {
  const typed = flags.map(({ flag, value }) =>
    quotedForShell(value === null ? flag : `${flag} ${offerText(value.offer)}`),
  );
  const stand = places.map(({ offer }) => quotedForShell(offerText(offer)));
  return `    ${quotedForShell(name)}) flags=(${typed.join(" ")}) places=(${stand.join(" ")}) ;;`;
}

function offerText(offer: Offer): string {
  return offer.kind === "words" ? offer.words.join(" ") : `@${offer.kind}`;
}
