/**
 * How a notification is asked of each operating system: the command, its arguments and its environment. Pure. What
 * is shown is passed as data, never as part of a script, so that no word of it can be taken for one.
 *
 * Sources: notify-send(1) and the Desktop Notifications specification; `display notification` of AppleScript's
 * Standard Additions; ToastNotificationManager of the Windows Runtime.
 */

export interface Notice {
  readonly title: string;
  readonly body: string;
  readonly isUrgent: boolean;
  /** Notices of one topic replace each other instead of piling up, where the system knows how. */
  readonly topic: string;
}

export interface NotifierCommand {
  readonly argv: readonly [string, ...string[]];
  readonly env: { readonly [name: string]: string };
}

const LIFETIME_MS = 60_000;

/**
 * @param program the user's own notifier, called with title and body; absent: the system's
 * @param systemRoot the folder of Windows: by its bare name a program is looked for in the project's folder first
 */
export function notifierFor(
  platform: NodeJS.Platform,
  notice: Notice,
  program: string | undefined,
  systemRoot = "C:\\Windows",
): NotifierCommand {
  const { title, body } = notice;
  if (program !== undefined) return { argv: [program, title, body], env: {} };
  switch (platform) {
    case "darwin":
      return { argv: ["/usr/bin/osascript", ...APPLE_SCRIPT, title, body], env: {} };
    case "win32":
      return {
        argv: [`${systemRoot}\\${POWERSHELL_PATH}`, "-NoProfile", "-NonInteractive", "-Command", POWERSHELL],
        env: { PRISM_NOTICE_TITLE: title, PRISM_NOTICE_BODY: body, PRISM_NOTICE_TOPIC: notice.topic },
      };
    default:
      return { argv: ["notify-send", ...freedesktop(notice), "--", title, body], env: {} };
  }
}

function freedesktop({ isUrgent, topic }: Notice): readonly string[] {
  return [
    "--app-name=Prism",
    `--urgency=${isUrgent ? "critical" : "normal"}`,
    `--expire-time=${LIFETIME_MS}`,
    `--hint=string:x-canonical-private-synchronous:${topic}`,
  ];
}

const APPLE_SCRIPT = [
  ...["-e", "on run argv"],
  ...["-e", "display notification (item 2 of argv) with title (item 1 of argv)"],
  ...["-e", "end run"],
];

const POWERSHELL_PATH = "System32\\WindowsPowerShell\\v1.0\\powershell.exe";

/** Toasts need the id of an installed application; PowerShell's own is on every Windows. */
const POWERSHELL = [
  "$ErrorActionPreference = 'Stop'",
  "[Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime] | Out-Null",
  "$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02",
  "$xml = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind)",
  "$lines = $xml.GetElementsByTagName('text')",
  "$lines.Item(0).AppendChild($xml.CreateTextNode($env:PRISM_NOTICE_TITLE)) | Out-Null",
  "$lines.Item(1).AppendChild($xml.CreateTextNode($env:PRISM_NOTICE_BODY)) | Out-Null",
  "$toast = New-Object Windows.UI.Notifications.ToastNotification $xml",
  "$toast.Tag = 'prism'; $toast.Group = $env:PRISM_NOTICE_TOPIC.Substring(0, [Math]::Min(64, $env:PRISM_NOTICE_TOPIC.Length))",
  "$app = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'",
  "[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app).Show($toast)",
].join("; ");
