/**
 * Splits the words of a command line: which are flags, which are their values, which stand for themselves. Knows
 * no verb: whether a flag takes a value is asked.
 *
 * By the rules of `node:util`'s parseArgs, which a property test holds it to. Not by parseArgs itself: Node loads
 * that anew in each process, 1 ms of every start, a daemon's too.
 */

export type Word =
  | {
      readonly kind: "option";
      /** As it was typed, without its value: `--surface`, or `-s`. */
      readonly rawName: string;
      readonly value: string | undefined;
      /** The value was typed in the same word: `--surface=exec`. Undefined if there is no value. */
      readonly inlineValue: boolean | undefined;
    }
  | { readonly kind: "positional"; readonly value: string };

/**
 * @param takesValue asked with `--surface`; false for a switch, and for a flag that is not known
 * @returns in the order in which they were typed. Letters that stand together (`-abc`) come one by one, and never
 *   have a value: no verb has flags of one letter. What stands behind `--` stands for itself
 */
export function splitWords(words: readonly string[], takesValue: (flag: string) => boolean): Word[] {
  const split: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      for (const value of words.slice(at + 1)) split.push({ kind: "positional", value });
      break;
    }
    if (word.length < 2 || !word.startsWith("-")) {
      split.push({ kind: "positional", value: word });
    } else if (!word.startsWith("--")) {
      for (const letter of word.slice(1).split("")) split.push(flagAlone(`-${letter}`));
    } else if (word.includes("=", 3)) {
      const end = word.indexOf("=");
      split.push({
        kind: "option",
        rawName: word.slice(0, end),
        value: word.slice(end + 1),
        inlineValue: true,
      });
    } else {
      const value = takesValue(word) ? words[at + 1] : undefined;
      if (value !== undefined) at++;
      split.push(
        value === undefined ? flagAlone(word) : { kind: "option", rawName: word, value, inlineValue: false },
      );
    }
  }
  return split;
}

function flagAlone(rawName: string): Word {
  return { kind: "option", rawName, value: undefined, inlineValue: undefined };
}
