/**
 * A task of Windows' Task Scheduler as XML. Knows what the schema allows, and no command.
 * Source: [MS-TSCH] 2.5, "Task Scheduler Schema" (version 1.2): the order of elements counts.
 */
import { printable } from "../../domain/address.ts";
import { PrismError } from "../../domain/errors.ts";
import { ownerLine } from "../owner.ts";
import { checkedSpec, type LauncherSpec } from "../spec.ts";
import { xmlText } from "../xml.ts";

/** The scheduler restarts only what could not be started or was ended by it; the keeper does the rest. */
const RESTART_INTERVAL = "PT1M";
const RESTARTS_MAX = 255;

/**
 * A console program of a logged-in user would show a window; Windows' own console host runs it without one.
 * It gives no exit status on, the scheduler gives no environment and writes no log: so what is started is
 * `prism service keep FILE`, which does all three.
 */
const HEADLESS = { command: "%SystemRoot%\\System32\\conhost.exe", flag: "--headless" } as const;

export interface TaskOwner {
  /** `DESKTOP-7\ann`, or a SID. */
  readonly userId: string;
}

/**
 * @param keeper how the program that keeps the service alive is started: absolute path, then its words
 * @throws PrismError for what no task can hold
 */
export function taskXml(given: LauncherSpec, { userId }: TaskOwner, keeper: readonly string[]): string {
  const spec = checkedSpec(given);
  for (const word of [userId, ...keeper]) refuseReplaced(word);
  const user = xmlText(userId);
  return `<?xml version="1.0" encoding="UTF-16"?>
<!-- ${ownerLine(spec.owner)} -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>${xmlText(spec.about)}</Description>
    <URI>\\Prism\\${xmlText(spec.name)}</URI>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>${user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>${user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>true</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>${RESTART_INTERVAL}</Interval>
      <Count>${RESTARTS_MAX}</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${HEADLESS.command}</Command>
      <Arguments>${xmlText([HEADLESS.flag, ...keeper].map(windowsWord).join(" "))}</Arguments>
    </Exec>
  </Actions>
</Task>
`;
}

/**
 * One word of a Windows command line, as `CommandLineToArgvW` and the C runtime split it: backslashes count double
 * before a quote, and only there.
 */
export function windowsWord(word: string): string {
  if (/^[\w.:\\/@=+,-]+$/.test(word) && !word.endsWith("\\")) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}

/** The scheduler replaces these itself, and has no way to write them as they are. */
function refuseReplaced(word: string): void {
  if (!/%[^%]+%|\$\(/.test(word)) return;
  throw new PrismError("invalid_argument", `"${printable(word, 200)}" can't stand in a task of Windows`, {
    hint: 'it holds %NAME% or "$(", which the Task Scheduler replaces: rename what is called so',
  });
}
