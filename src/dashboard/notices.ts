/** The few pages without the page: what somebody sees who has no access, or comes by a link from elsewhere. */

/** @param sentence without markup: it is ours, and never what a request said */
export function noticePage(title: string, sentence: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${sentence}</p>
</main>
</body>
</html>
`;
}

/**
 * Leads to the page by a step of its own: a browser that came from elsewhere does not send the new cookie along with a
 * redirect.
 */
export const ONWARD_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=/">
<title>Prism</title>
</head>
<body><p><a href="/">Open the dashboard</a></p></body>
</html>
`;
