/** One question to the server of this page: an answer, or why there is none, as data. */
import type { ApiFailure } from "../api.ts";

export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly hint: string | null };

/** @param path with its query, as `dashboard/api.ts` lists them */
export async function askServer<T>(path: string): Promise<Asked<T>> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { accept: "application/json" } });
  } catch {
    return { ok: false, message: "the server of this page is not reached", hint: null };
  }
  try {
    const body: unknown = await response.json();
    if (response.ok) return { ok: true, value: body as T };
    const { error } = body as ApiFailure;
    return { ok: false, message: error.message, hint: error.hint ?? null };
  } catch {
    return { ok: false, message: `the server answered with status ${response.status}`, hint: null };
  }
}
