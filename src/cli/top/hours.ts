/** The last hour of each persona of this host, from what its daemon keeps of its day. */
import type { Home } from "../../host/home.ts";
import { historySummary } from "../../overview/history.ts";
import type { Hours } from "./model.ts";

const STEP_MINUTES = 5;
const STEPS = 12;

export function hoursOf(home: Home, nowMs: number): Hours {
  const { personas } = historySummary(home, STEP_MINUTES, nowMs);
  return new Map(personas.map(({ key, drains }) => [key, drains.slice(-STEPS)]));
}
