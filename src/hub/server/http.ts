/**
 * The hub over plain HTTP: `POST /v1/VERB` for scripts, `GET /healthz` and `GET /metrics` for whoever watches, and the doors to
 * the other edges. Reads, checks, calls, answers; decides nothing about signals.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { spoken } from "../../domain/protocol.ts";
import { tracedBy } from "../../domain/traceparent.ts";
import { HUB_PROTOCOL, HUB_PROTOCOL_MIN } from "../../domain/verbs.ts";
import { formWanted, PAGE_TYPES } from "../../metrics/exposition.ts";
import { hubPage } from "../../metrics/hub.ts";
import type { Edge } from "./edge.ts";
import { bearerOfRequest, checkOrigin } from "./guard.ts";
import { errorAnswer, type HttpAnswer, sendAnswer } from "./http-answer.ts";
import { checkContentType, readJson } from "./http-body.ts";
import type { McpDoor } from "./mcp-door.ts";
import { answerOf } from "./verb-answer.ts";
import { failureOf, OPEN_VERBS, unknownVerb } from "./verb-call.ts";

export interface HttpEdge {
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/** @param sockets how many WebSocket connections stand */
export function openHttpEdge(edge: Edge, mcp: McpDoor["handle"], sockets: () => number): HttpEdge {
  const health = healthCheck(edge);

  async function route(request: IncomingMessage, response: ServerResponse): Promise<HttpAnswer | undefined> {
    checkOrigin(edge, request);
    const path = pathOf(request);
    if (path === "/healthz") {
      return allowed(request, ["GET", "HEAD"]) ?? (await health());
    }
    if (path === "/metrics") {
      // Whoever listens on loopback alone is read by the Prometheus beside it, which is another user and has no token.
      // The page holds numbers only. Beyond this host it is for holders of a token, as all else is.
      if (edge.hosts === null) bearerOfRequest(edge, request);
      return allowed(request, ["GET", "HEAD"]) ?? (await metricsPage(edge, request, sockets()));
    }
    if (path === "/mcp") {
      await mcp(request, response, bearerOfRequest(edge, request));
      return undefined;
    }
    if (path === "/v1/socket") {
      return errorAnswer(
        { code: "unsupported", message: "this path takes WebSocket connections only" },
        { status: 426, headers: { Upgrade: "websocket", Connection: "Upgrade" } },
      );
    }
    const verb = /^\/v1\/([^/]*)$/.exec(path)?.[1];
    if (verb === undefined) {
      return errorAnswer({
        code: "not_found",
        message: `there is nothing at "${printable(path)}"`,
        hint: "known are POST /v1/VERB, POST /mcp, GET /v1/socket, GET /metrics and GET /healthz",
      });
    }
    return await callOverHttp(edge, request, verb);
  }

  return {
    handle(request, response) {
      route(request, response).then(
        (answer) => answer !== undefined && sendAnswer(response, answer),
        (error: unknown) => sendAnswer(response, errorAnswer(failureOf(error, edge.log, "http"))),
      );
    },
  };
}

async function metricsPage(edge: Edge, request: IncomingMessage, sockets: number): Promise<HttpAnswer> {
  const form = formWanted(request.headers.accept);
  const { counters } = edge.service;
  const disk = await edge.disk();
  const body = hubPage({ counters, census: edge.service.census(), sockets, disk }, form);
  return { status: 200, type: PAGE_TYPES[form], body };
}

async function callOverHttp(edge: Edge, request: IncomingMessage, name: string): Promise<HttpAnswer> {
  const verb = OPEN_VERBS.find((open) => open === name);
  if (verb === undefined) throw unknownVerb(name, OPEN_VERBS);
  const refusal = allowed(request, ["POST"]);
  if (refusal !== undefined) return refusal;
  const bearer = bearerOfRequest(edge, request);
  try {
    checkContentType(request);
  } catch (error) {
    return errorAnswer(failureOf(error, edge.log, "http"), { status: 415 });
  }
  const params = await readJson(request, edge.bounds.messageBytesMax);
  const traced = verb === "signal" ? tracedBy(request.headers["traceparent"], params) : params;
  return { status: 200, body: await answerOf(edge, bearer, verb, traced) };
}

/** One round through the store at a time: a crowd of watchers costs no more than one. */
function healthCheck(edge: Edge): () => Promise<HttpAnswer> {
  const openedAtMs = performance.now();
  let underWay: Promise<HttpAnswer> | undefined;
  async function check(): Promise<HttpAnswer> {
    const facts = () => ({
      version: edge.version,
      ...spoken(HUB_PROTOCOL, HUB_PROTOCOL_MIN),
      uptimeMs: Math.round(performance.now() - openedAtMs),
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `the store did not answer within ${edge.bounds.healthTimeoutMs} ms`;
      timer = setTimeout(() => reject(new PrismError("hub_timeout", message)), edge.bounds.healthTimeoutMs);
    });
    try {
      const { storeLatencyMs } = await Promise.race([edge.service.health(), late]);
      return { status: 200, body: { ok: true, ...facts(), storeLatencyMs } };
    } catch (error) {
      return { status: 503, body: { ok: false, ...facts(), error: failureOf(error, edge.log, "healthz") } };
    } finally {
      clearTimeout(timer);
    }
  }
  return () => {
    underWay ??= check().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

function allowed(request: IncomingMessage, methods: readonly string[]): HttpAnswer | undefined {
  if (methods.includes(request.method ?? "")) return undefined;
  return errorAnswer(
    {
      code: "unsupported",
      message: `${printable(request.method ?? "", 16)} is not a method of this path`,
      hint: `use ${methods[0]}`,
    },
    { status: 405, headers: { Allow: methods.join(", ") } },
  );
}
