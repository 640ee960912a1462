/** The failure itself, so that a test can look at its code, message and hint. */
import { PrismError } from "../../src/domain/errors.ts";

export function thrownBy(action: () => unknown): PrismError {
  try {
    action();
  } catch (error) {
    if (error instanceof PrismError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

export async function rejectedBy(action: Promise<unknown>): Promise<PrismError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof PrismError) return error;
    throw error;
  }
  throw new Error("nothing was rejected");
}
