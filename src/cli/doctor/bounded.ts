/** One topic of the page within a bounded time: what hangs, or breaks in an unforeseen way, is a finding itself. */
import { PrismError } from "../../domain/errors.ts";
import { spanText } from "../layout.ts";
import { type Check, failed, TOPICS, type Topic } from "./check.ts";

/** @param keepDetails where details of a bug go; the page says only where they are */
export async function bounded(
  topic: Topic,
  look: () => readonly Check[] | Promise<readonly Check[]>,
  {
    msMax,
    keepDetails,
  }: { readonly msMax: number; readonly keepDetails: (error: unknown) => string | undefined },
): Promise<readonly Check[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Check[]>((resolve) => {
    timer = setTimeout(() => resolve([tooLate(topic, msMax)]), msMax);
  });
  try {
    return await Promise.race([Promise.resolve().then(look), late]);
  } catch (error) {
    if (error instanceof PrismError) return [failed(topic, error, "mend what is named")];
    const where = keepDetails(error);
    const bug = new PrismError(
      "internal",
      `something went wrong inside Prism while it looked at ${TOPICS[topic]}`,
    );
    return [failed(topic, bug, where === undefined ? "report it" : `the details are in ${where}`)];
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(topic: Topic, msMax: number): Check {
  return {
    name: topic,
    verdict: "warn",
    finding: `no answer within ${spanText(msMax)}: what it looked at hangs`,
    remedy: "run it again; if that does not help, see what of this host does not answer",
  };
}
