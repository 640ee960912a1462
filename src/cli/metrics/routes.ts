/**
 * What the gathering endpoint of a host answers: all daemons on one page, one daemon alone, and where Prometheus finds
 * them. Knows no socket.
 */
import { formatAddress, printable } from "../../domain/address.ts";
import type { DaemonPlace } from "../../host/daemon-places.ts";
import { formWanted, PAGE_TYPES, type PageForm } from "../../metrics/exposition.ts";
import { gatheredPage, gathererPage } from "../../metrics/gathered.ts";
import { type AnswerPage, type PageAnswer, type PageRequest, refusal } from "../../net/page-responder.ts";
import type { Gatherer } from "./gather.ts";

const KNOWN = "known are /metrics, /gatherer, /sd and /daemons/TENANT/PERSONA@PROJECT/metrics";
const GATHERER_PATH = "/gatherer";

export interface GatherSurroundings {
  /** `HOST:PORT` for who sent no Host. */
  ownTarget(): string;
  /** Where the hub of this host listens; undefined if none does. */
  hubUrl(): string | undefined;
}

export function gatherRoutes(gatherer: Gatherer, around: GatherSurroundings): AnswerPage {
  return async (request) => {
    const { path } = request;
    const form = formWanted(request.accept);
    if (path === "/metrics") return page(gatheredPage(await gatherer.gather(form), form), form);
    if (path === GATHERER_PATH) return page(gathererPage(await gatherer.gather(form), form), form);
    if (path === "/sd") return discovery(gatherer.places(), request, around);
    const [, tenant, address] = /^\/daemons\/([^/]+)\/([^/]+)\/metrics$/.exec(path) ?? [];
    const place = gatherer
      .places()
      .find((known) => known.tenant === tenant && formatAddress(known.address) === address);
    if (place === undefined) return refusal(404, `there is nothing at "${printable(path, 120)}"; ${KNOWN}`);
    return daemonPage(gatherer, place, form);
  };
}

/** Status 503 becomes Prometheus's own `up` 0: nothing of an older answer is told as news. */
async function daemonPage(gatherer: Gatherer, place: DaemonPlace, form: PageForm): Promise<PageAnswer> {
  const one = await gatherer.pageOf(place, form);
  if (one !== null) return page(one, form);
  const { persona, project } = place.address;
  return refusal(503, `the daemon of ${printable(`${persona}@${project}`, 120)} did not answer in time`);
}

function page(body: string, form: PageForm): PageAnswer {
  return { status: 200, type: PAGE_TYPES[form], body };
}

/**
 * Prometheus's HTTP service discovery: one target for each daemon that can be asked, each with an `instance` of its
 * own, as all of them are reached at this one address; one for who of them answered, since a daemon that does not has
 * no series to alert on; and the hub of this host. So one scrape config serves for all.
 * Source: Prometheus documentation, "Writing HTTP service discovery".
 */
function discovery(
  places: readonly DaemonPlace[],
  { host }: PageRequest,
  { ownTarget, hubUrl }: GatherSurroundings,
): PageAnswer {
  const here = host === undefined || host === "" ? ownTarget() : host;
  const daemons = places.map(({ tenant, address: { persona, project } }) =>
    group(here, "daemon", {
      instance: `${tenant}/${persona}@${project}`,
      // Names hold nothing that a path would have to encode.
      __metrics_path__: `/daemons/${tenant}/${persona}@${project}/metrics`,
      __meta_prism_tenant: tenant,
      __meta_prism_persona: persona,
      __meta_prism_project: project,
    }),
  );
  const groups = [
    ...daemons,
    group(here, "gatherer", { __metrics_path__: GATHERER_PATH }),
    ...hubGroups(hubUrl()),
  ];
  return { status: 200, type: "application/json; charset=utf-8", body: `${JSON.stringify(groups)}\n` };
}

function hubGroups(url: string | undefined) {
  if (url === undefined || !URL.canParse(url)) return [];
  const { host, protocol, port } = new URL(url);
  const target = port === "" ? `${host}:${protocol === "https:" ? 443 : 80}` : host;
  return [group(target, "hub", { __scheme__: protocol.slice(0, -1), __metrics_path__: "/metrics" })];
}

function group(
  target: string,
  kind: "daemon" | "gatherer" | "hub",
  labels: Readonly<Record<string, string>>,
) {
  return { targets: [target], labels: { ...labels, __meta_prism_kind: kind } };
}
