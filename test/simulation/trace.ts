/**
 * The account of a run: one line per thing that happened, kept only when somebody will read it. A run that
 * fails is run again with its account on, which is the same run: same seed, same bytes.
 */
export interface TraceLine {
  readonly step: number;
  readonly atMs: number;
  /** The persona concerned; "" for the hub and the network at large. */
  readonly address: string;
  readonly who: string;
  readonly text: string;
}

export class Trace {
  readonly on: boolean;
  readonly lines: TraceLine[] = [];

  constructor(on: boolean) {
    this.on = on;
  }

  say(line: TraceLine): void {
    if (this.on) this.lines.push(line);
  }

  /** The last lines about one persona, with what befell everybody. */
  about(address: string, linesMax: number): readonly TraceLine[] {
    const concerned = this.lines.filter((line) => line.address === "" || line.address === address);
    return concerned.slice(-linesMax);
  }
}

/** `+0d 00:01:02.345  #812   reviewer@shop daemon: rings the surface`. */
export function lineText(line: TraceLine): string {
  const who = line.address === "" ? line.who : `${line.address} ${line.who}`;
  return `${clockText(line.atMs)}  #${String(line.step).padEnd(6)} ${who}: ${line.text}`;
}

export function clockText(atMs: number): string {
  const part = (unitMs: number, of: number): string =>
    String(Math.floor(atMs / unitMs) % of).padStart(2, "0");
  const days = Math.floor(atMs / 86_400_000);
  const millis = String(atMs % 1000).padStart(3, "0");
  return `+${days}d ${part(3_600_000, 24)}:${part(60_000, 60)}:${part(1000, 60)}.${millis}`;
}
