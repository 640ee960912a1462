/**
 * Our hooks in a settings file, in the form that Claude Code and Codex share: event, groups, handlers. Each of
 * ours has a group of its own, so that it can be told apart, moved and taken out alone.
 */

import type { HookEvent } from "../ipc/hook.ts";
import { type HookClient, readHandler } from "./hook-command.ts";
import { type Entry, type Found, type Holder, isObject } from "./text/entries.ts";
import type { Json } from "./text/json-text.ts";

export interface ClientEvent {
  /** As the client calls it: `SessionStart`. */
  readonly name: string;
  /** What of ours runs then. */
  readonly events: readonly HookEvent[];
}

export function hookEntries(events: readonly ClientEvent[], handlerOf: (event: HookEvent) => Json): Entry[] {
  return events.flatMap(({ name, events: ours }) =>
    ours.map((event): Entry => {
      const handler = handlerOf(event);
      return {
        role: roleOf(name, event),
        container: ["hooks", name],
        value: { hooks: [handler] },
        core: handler,
      };
    }),
  );
}

function roleOf(clientEvent: string, event: HookEvent): string {
  return `${clientEvent} ${event}`;
}

interface Handler {
  readonly clientEvent: string;
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

function handlersIn(document: unknown): Handler[] {
  const hooks = isObject(document) ? document["hooks"] : undefined;
  if (!isObject(hooks)) return [];
  return Object.entries(hooks).flatMap(([clientEvent, groups]) =>
    (Array.isArray(groups) ? groups : []).flatMap((group: unknown, i) => {
      const handlers = isObject(group) && Array.isArray(group["hooks"]) ? group["hooks"] : [];
      return handlers.map((value: unknown, j) => ({
        clientEvent,
        path: ["hooks", clientEvent, i, "hooks", j],
        value,
      }));
    }),
  );
}

export function hookFinder(client: HookClient, isOurs: (holder: Holder) => boolean) {
  return (document: unknown): Found[] =>
    handlersIn(document).flatMap(({ clientEvent, path, value }) => {
      const read = readHandler(value);
      if (read === null || read.client !== client || !isOurs(read)) return [];
      return [{ role: roleOf(clientEvent, read.event), path }];
    });
}

export function hookHolders(client: HookClient, isOurs: (holder: Holder) => boolean) {
  return (document: unknown): Holder[] =>
    handlersIn(document).flatMap(({ value }) => {
      const read = readHandler(value);
      return read === null || read.client !== client || isOurs(read) ? [] : [read];
    });
}
