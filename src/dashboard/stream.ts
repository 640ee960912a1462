/**
 * The live stream: one observatory told to any number of readers as Server-Sent Events. Each reader gets everything at
 * first and changes from then on; one that reads too slowly is told nothing until it has caught up, and then everything
 * anew, so that nothing is kept for it. Knows no request but the reader's own answer.
 * Source: HTML Standard section 9.2, server-sent events.
 */
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Happening, Overview } from "../domain/overview.ts";
import type { Observatory, OverviewChange } from "../overview/observatory.ts";
import { BEAT_MS, type StreamEventName, type StreamEvents, type ToldHappening } from "./api.ts";

/** Kept for who comes next, or comes back: some 40 kB. */
const HAPPENINGS_KEPT = 200;
/** Tabs and windows of one person; the rest is a mistake in a loop. */
export const READERS_MAX = 16;

export interface LiveStream {
  /**
   * Answers with the stream until the reader leaves.
   *
   * @param lastEventId what the browser names when it comes back
   * @returns false if there are as many readers as may be
   */
  serve(response: ServerResponse, lastEventId: string | undefined): boolean;
  close(): void;
}

interface Reader {
  readonly response: ServerResponse;
  /** The last happening that it has been told. */
  lastNumber: number;
  /** It has not read what it was sent; when it has, it is told everything. */
  isBehind: boolean;
  isBegun: boolean;
  lastSentAtMs: number;
}

export function openStream(observatory: Observatory, now: () => number): LiveStream {
  const series = randomBytes(6).toString("base64url");
  const readers = new Set<Reader>();
  const happenings: ToldHappening[] = [];
  let lastNumber = 0;
  let newest: Overview | null = null;
  let leave: (() => void) | null = null;
  let beat: NodeJS.Timeout | null = null;

  function send<E extends StreamEventName>(reader: Reader, event: E, data: StreamEvents[E]): void {
    const id = event === "beat" ? "" : `id: ${series}.${reader.lastNumber}\n`;
    reader.lastSentAtMs = now();
    if (!reader.response.write(`event: ${event}\n${id}data: ${JSON.stringify(data)}\n\n`)) {
      reader.isBehind = true;
    }
  }

  function sendWhole(reader: Reader): void {
    if (newest === null) return;
    reader.isBegun = true;
    reader.isBehind = false;
    const untold = happenings.filter(({ number }) => number > reader.lastNumber);
    reader.lastNumber = lastNumber;
    send(reader, "overview", { overview: newest, happenings: untold });
  }

  function changed({ atMs, changed: views, gone, hub }: OverviewChange, overview: Overview): void {
    newest = overview;
    for (const reader of readers) {
      if (!reader.isBegun) sendWhole(reader);
      else {
        if (!reader.isBehind && (views.length > 0 || gone.length > 0)) {
          send(reader, "personas", { atMs, changed: views, gone });
        }
        if (!reader.isBehind && hub !== undefined) send(reader, "hub", hub);
      }
    }
  }

  function happened(happening: Happening): void {
    lastNumber += 1;
    const told = { ...happening, series, number: lastNumber };
    happenings.push(told);
    if (happenings.length > HAPPENINGS_KEPT) happenings.shift();
    for (const reader of readers) {
      if (!reader.isBegun || reader.isBehind) continue;
      reader.lastNumber = lastNumber;
      send(reader, "happening", told);
    }
  }

  function sendBeats(): void {
    const nowMs = now();
    for (const reader of readers) {
      // A clock set back must not silence it.
      const quietMs = Math.abs(nowMs - reader.lastSentAtMs);
      if (!reader.isBehind && quietMs >= BEAT_MS - 500) send(reader, "beat", { atMs: nowMs });
    }
  }

  function drop(reader: Reader): void {
    readers.delete(reader);
    if (readers.size > 0) return;
    leave?.();
    leave = null;
    newest = null;
    if (beat !== null) clearInterval(beat);
    beat = null;
  }

  return {
    serve(response, lastEventId) {
      if (readers.size >= READERS_MAX) return false;
      const reader: Reader = {
        response,
        lastNumber: numberIn(lastEventId, series),
        isBehind: false,
        isBegun: false,
        lastSentAtMs: now(),
      };
      readers.add(reader);
      response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
      // A browser comes back this soon after it has lost the connection.
      response.write("retry: 1000\n\n");
      response.on("drain", () => {
        if (reader.isBehind) sendWhole(reader);
      });
      response.on("close", () => drop(reader));
      beat ??= setInterval(sendBeats, BEAT_MS);
      if (leave === null) leave = observatory.listen({ changed, happened });
      else sendWhole(reader);
      return true;
    },
    close() {
      for (const { response } of [...readers]) response.end();
    },
  };
}

/** 0: everything that is kept is news to this reader. */
function numberIn(lastEventId: string | undefined, series: string): number {
  const [of, number] = lastEventId?.split(".") ?? [];
  return of === series && number !== undefined && /^\d{1,15}$/.test(number) ? Number(number) : 0;
}
