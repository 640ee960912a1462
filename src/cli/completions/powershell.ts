/** Completions for PowerShell, from 5.1 on. Starts no process. */
import { firstWords, type Grammar, type Offer, type VerbGrammar } from "./grammar.ts";

export function powershellCompletions(grammar: Grammar): string {
  const families = Array.from(
    grammar.families,
    ([first, seconds]) => `    ${quoted(first)} = ${table(seconds.map((row) => [row.word, row.summary]))}`,
  );
  return `# PowerShell completions for prism ${grammar.version}, made by "prism completions powershell"

Register-ArgumentCompleter -Native -CommandName @('prism', 'prism.exe', 'prism-daemon', 'prism-daemon.exe') -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)

  $first = ${table(firstWords(grammar).map((row) => [row.word, row.summary]))}
  $families = @{
${families.join("\n")}
  }
  # Of each verb: flags with what they mean, what their values may be, and what may stand beside them.
  $verbs = @{
${grammar.verbs.map(rowOf).join("\n")}
  }

  function Addresses {
    $home_ = if ($env:PRISM_HOME) { $env:PRISM_HOME } else { Join-Path $HOME '.prism' }
    Get-ChildItem -Path (Join-Path $home_ 'state/*/*@*') -Directory -ErrorAction SilentlyContinue |
      ForEach-Object { $_.Name } | Sort-Object -Unique
  }
  function Paths($typed, $foldersOnly) {
    $how = @{ Path = "$typed*"; ErrorAction = 'SilentlyContinue' }
    if ($foldersOnly) { $how.Directory = $true }
    $folder = if ($typed -match '^(.*[/\\\\])') { $Matches[1] } else { '' }
    Get-ChildItem @how | ForEach-Object {
      $path = $folder + $_.Name
      if ($path -match '\\s') { "'" + $path.Replace("'", "''") + "'" } else { $path }
    }
  }
  function Offered($what, $typed) {
    switch ($what) {
      '@files' { Paths $typed $false }
      '@folders' { Paths $typed $true }
      '@addresses' { Addresses }
      '@personas' { Addresses | ForEach-Object { $_.Split('@')[0] } | Sort-Object -Unique }
      '@verbs' { $first.Keys }
      '@nothing' { }
      default { if ($what) { $what.Split(' ') } }
    }
  }
  function Result($text, $about) {
    $tip = if ($about) { $about } else { $text }
    [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $tip)
  }
  function Matching($table) {
    $table.GetEnumerator() | Where-Object { $_.Key -like "$wordToComplete*" } |
      ForEach-Object { Result $_.Key $_.Value }
  }

  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
    ForEach-Object { $_.Extent.Text.Trim("'", '"') })
  $program = Split-Path -Leaf $commandAst.CommandElements[0].Extent.Text.Trim("'", '"')
  $given = if ($words.Count -gt 1) { @($words[1..($words.Count - 1)]) } else { @() }
  if ($program -like 'prism-daemon*') { $given = @('daemon') + $given }
  if ($given.Count -eq 0) { return Matching $first }
  $verb = $given[0]
  $at = 1
  if ($families.ContainsKey($verb)) {
    if ($given.Count -eq 1) {
      Matching $families[$verb]
      if (-not $verbs.ContainsKey($verb)) { return }
    } elseif ($families[$verb].Contains($given[1])) {
      $verb = "$verb $($given[1])"
      $at = 2
    }
  }
  $row = $verbs[$verb]
  if (-not $row) { return }
  $place = 0
  $pending = $null
  for ($i = $at; $i -lt $given.Count; $i++) {
    if ($pending) { $pending = $null }
    elseif ($given[$i] -notlike '-*') { $place++ }
    elseif ($row.Values.Contains($given[$i])) { $pending = $row.Values[$given[$i]] }
  }
  if ($pending) {
    Offered $pending $wordToComplete | Where-Object { $_ -like "$wordToComplete*" -or $_ -like "'*" } |
      ForEach-Object { Result $_ }
  } elseif ($wordToComplete -match '^(--[^=]+)=(.*)$') {
    $flag = $Matches[1]
    $typed = $Matches[2]
    Offered $row.Values[$flag] $typed | Where-Object { $_ -like "$typed*" } | ForEach-Object { Result "$flag=$_" }
  } elseif ($wordToComplete -like '-*') {
    Matching $row.Flags
  } else {
    Offered $row.Places[$place] $wordToComplete |
      Where-Object { $_ -like "$wordToComplete*" -or $_ -like "'*" } | ForEach-Object { Result $_ }
  }
}
`;
}

function rowOf({ name, flags, places }: VerbGrammar): string {
  const values = flags.flatMap(({ flag, value }): [string, string][] =>
    value === null ? [] : [[flag, offerText(value.offer)]],
  );
  const stand = places.map(({ offer }) => quoted(offerText(offer))).join(", ");
  return `    ${quoted(name)} = @{
      Flags = ${table(flags.map(({ flag, about }) => [flag, about]))}
      Values = ${table(values)}
      Places = @(${stand})
    }`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  return `[ordered]@{ ${rows.map(([key, value]) => `${quoted(key)} = ${quoted(value)}`).join("; ")} }`;
}

function offerText(offer: Offer): string {
  return offer.kind === "words" ? offer.words.join(" ") : `@${offer.kind}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
