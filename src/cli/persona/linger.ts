/** Whether services of this user run without a login, as their own plan would see it. Changes nothing. */
import { PrismError } from "../../domain/errors.ts";
import type { Runtime } from "../runtime.ts";
import { servicesHere } from "../service/here.ts";

const ASK_MS_MAX = 10_000;

/** @returns null where the system has no such thing, or does not say */
export async function lingerHere(runtime: Runtime): Promise<boolean | null> {
  try {
    const { launcher, run } = await servicesHere(runtime);
    const step = launcher.withoutLogin;
    if (step === null || step.do !== "run" || step.holds === undefined) return null;
    return step.holds.isHeld(await run(step.holds.argv, ASK_MS_MAX));
  } catch (error) {
    if (error instanceof PrismError) return null;
    throw error;
  }
}
