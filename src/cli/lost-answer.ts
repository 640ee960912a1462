/**
 * A call to the hub whose answer got lost may have been done or not. Asked again with its key it is done
 * once; so whoever has to give up is told the key.
 */
import { PrismError } from "../domain/errors.ts";

/** @param again what asking again with the key does, to end the hint with */
export function withKey(error: unknown, key: string, again: string): unknown {
  const isOpen =
    error instanceof PrismError && (error.code === "hub_timeout" || error.code === "hub_unreachable");
  if (!isOpen) return error;
  return new PrismError(error.code, error.message, {
    hint: `${error.hint ?? "try again"}; with --key ${key} ${again}`,
    cause: error,
  });
}
