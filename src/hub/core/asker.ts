/**
 * Who asks, and what they may ask: a persona's token acts for its own address and for no other. Looked at when a
 * command is decided and not when its connection was opened, so that a token which was destroyed or replaced in
 * between acts no more. Knows no token: only the hash that the registry keeps.
 */
import { formatAddress, parseAddress, parseName } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import type { Bearer, Caller } from "../service.ts";
import type { Command } from "./command.ts";
import type { Registry, Session } from "./registry.ts";

/** As far as this hub knows the session that the caller names. */
export interface Asker {
  readonly tenant: string;
  /** The one address that it may act for; null: any of its tenant. */
  readonly own: string | null;
  readonly session: Session | null;
}

/**
 * @returns the address that the bearer may act for, or null for any of its tenant
 * @throws PrismError `unauthorized` if its token ended meanwhile
 */
export function ownAddress(registry: Registry, { tenant, scope }: Bearer): string | null {
  if (scope === "home") return null;
  const holder = registry.byToken(scope.tokenSha256);
  if (holder?.tenant === tenant && holder.name === scope.address) return scope.address;
  throw new PrismError(
    "unauthorized",
    `the token of ${scope.address} was destroyed or replaced, and is worth nothing any more`,
    { hint: "use the token that this persona has now, or make it anew with prism persona create" },
  );
}

/** The caller as this hub knows it; that it calls is a sign of life. @throws PrismError `unauthorized` */
export function askerOf(registry: Registry, caller: Caller, nowMs: number): Asker {
  const { tenant } = caller;
  const own = ownAddress(registry, caller);
  const session = caller.session === null ? undefined : registry.session(tenant, caller.session);
  if (session === undefined || session.wrappedAtMs !== null) return { tenant, own, session: null };
  registry.heard(session, nowMs);
  return { tenant, own, session };
}

/**
 * Reads of its whole tenant are open to a persona's token: whom to signal, and what became of a signal. All else
 * it may do for its own address alone.
 *
 * @param own as `ownAddress` gives it
 * @throws PrismError `permission_denied`
 */
export function refuseForeign(registry: Registry, own: string | null, command: Command): void {
  if (own === null) return;
  switch (command.verb) {
    case "status":
    case "signal_status":
    case "signal_trace":
    // What is acknowledged is what the connection's own session was told.
    case "acknowledge":
    case "rung":
      return;
    case "start":
    case "drain":
    case "history":
      refuseOther(own, nameOf(command.params));
      return;
    case "signal":
      if (command.params.from !== undefined)
        refuseOther(own, formatAddress(parseAddress(command.params.from)));
      return;
    case "wrap":
      refuseForeignWrap(registry, own, command);
      return;
    default:
      throw new PrismError(
        "permission_denied",
        `the token of ${own} acts for this persona alone, and may not ask for ${command.verb}`,
        { hint: "ask with the hub's home token: who comes and goes is not a persona's to say" },
      );
  }
}

/** In whose name a signal goes: the one given, else the caller's own; null for a sender without an address. */
export function senderOf(registry: Registry, asker: Asker, from: string | undefined): string | null {
  if (from === undefined) return asker.session?.at.name ?? asker.own;
  return registry.find(asker.tenant, from)?.name ?? formatAddress(parseAddress(from));
}

function refuseForeignWrap(
  registry: Registry,
  own: string,
  { caller, params }: Extract<Command, { verb: "wrap" }>,
): void {
  const { session, persona, project } = params;
  const named = session === undefined ? undefined : registry.session(caller.tenant, session);
  if (named !== undefined) refuseOther(own, named.at.name);
  if (persona !== undefined && project !== undefined) refuseOther(own, nameOf({ persona, project }));
}

/** In the one spelling that is stored and compared. @throws PrismError `invalid_argument` */
export function nameOf(address: { readonly persona: string; readonly project: string }): string {
  return formatAddress({
    persona: parseName(address.persona, "persona"),
    project: parseName(address.project, "project"),
  });
}

function refuseOther(own: string, asked: string): void {
  if (asked === own) return;
  throw new PrismError("permission_denied", `the token of ${own} may not act for ${asked}`, {
    hint: `use the token of ${asked}, or the hub's home token`,
  });
}
