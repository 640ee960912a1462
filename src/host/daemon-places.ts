/** Which daemons have ever kept state on this host: the folders' names are tenant and address. Asks nobody. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Address, parseAddress } from "../domain/address.ts";
import type { Home } from "./home.ts";

export interface DaemonPlace {
  readonly tenant: string;
  readonly address: Address;
}

export function daemonPlaces(home: Home): readonly DaemonPlace[] {
  return foldersIn(home.stateDir).flatMap((tenant) =>
    foldersIn(join(home.stateDir, tenant)).flatMap((folder) => {
      try {
        return [{ tenant, address: parseAddress(folder) }];
      } catch {
        return [];
      }
    }),
  );
}

function foldersIn(path: string): readonly string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}
