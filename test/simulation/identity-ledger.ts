/**
 * The checker's own book of personas' tokens (invariant 10): the one that was made last acts, and none that was
 * replaced or destroyed ever does again. Where the hub died between a request and its answer, nobody outside can
 * know which one it is: the book then says nothing until the hub says more.
 */
import type { ErrorCode } from "../../src/domain/errors.ts";
import { Violation } from "./violation.ts";

interface Identity {
  /** Undefined: nobody knows. */
  token: string | null | undefined;
  /** Grows with each change that the hub has told. */
  changes: number;
  /** Changes that were asked for and not told. */
  pending: number;
}

/** How things stood when a token was shown. */
export interface Shown {
  readonly token: string;
  readonly changes: number;
  readonly sure: boolean;
}

export class IdentityLedger {
  readonly #identities = new Map<string, Identity>();

  changeAsked(address: string): void {
    this.#at(address).pending++;
  }

  /** @param token null: destroyed */
  changed(address: string, token: string | null): void {
    const identity = this.#at(address);
    identity.token = token;
    identity.changes++;
    identity.pending--;
  }

  changeRefused(address: string): void {
    this.#at(address).pending--;
  }

  hubDown(): void {
    for (const identity of this.#identities.values()) {
      if (identity.pending > 0) identity.token = undefined;
      identity.pending = 0;
    }
  }

  shown(address: string, token: string): Shown {
    const { changes, pending } = this.#at(address);
    return { token, changes, sure: pending === 0 };
  }

  /** @param code what it met with, or null if it acted */
  check(address: string, shown: Shown, code: ErrorCode | null): void {
    const { token, changes, pending } = this.#at(address);
    if (!shown.sure || pending > 0 || changes !== shown.changes || token === undefined) return;
    const lives = token === shown.token;
    if (code === null && !lives)
      throw new Violation(
        10,
        address,
        `token ${shortOf(shown.token)} acts, and ${shortOf(token)} is the one`,
      );
    if (code === "unauthorized" && lives)
      throw new Violation(10, address, `token ${shortOf(token)} was refused, and nobody has ended it`);
  }

  #at(address: string): Identity {
    let identity = this.#identities.get(address);
    if (identity === undefined) {
      identity = { token: null, changes: 0, pending: 0 };
      this.#identities.set(address, identity);
    }
    return identity;
  }
}

function shortOf(token: string | null): string {
  return token === null ? "none" : token.replace(/^0+/, "");
}
