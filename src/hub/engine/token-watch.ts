/** Who wants to hear that tokens ended: the edges, which end what stands open by them. */
import type { TokensEnded } from "../service.ts";

export class TokenWatch {
  readonly #watchers: TokensEnded[] = [];

  add(ended: TokensEnded): void {
    this.#watchers.push(ended);
  }

  tell(tokens: ReadonlySet<string>): void {
    if (tokens.size > 0) for (const ended of this.#watchers) ended(tokens);
  }
}
