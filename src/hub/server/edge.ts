/** What every edge of the hub is made with: the service behind it, and who may come in. */
import type { Log } from "../../domain/log.ts";
import type { DiskFacts } from "../../metrics/hub.ts";
import type { Bearer, HubService } from "../service.ts";
import type { ServerBounds } from "./bounds.ts";

export interface Edge {
  readonly service: HubService;
  /** Who holds a token and what it may act for, or undefined for a token that the hub does not know. */
  readonly bearerOf: (token: string) => Bearer | undefined;
  /** Host names that a request may name, in lower case; null: any, as nobody can know them all. */
  readonly hosts: ReadonlySet<string> | null;
  /** For the metrics page; null: the system does not say. */
  readonly disk: () => Promise<DiskFacts | null>;
  readonly version: string;
  readonly bounds: ServerBounds;
  readonly log: Log;
}
