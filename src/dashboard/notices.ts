/** The few pages without the page: what somebody sees who has no access, or comes by a link from elsewhere. */

/** The page's own look, in a few lines. */
const STYLE = [
  ":root{color-scheme:light dark}",
  "body{margin:0;background:light-dark(#fcfcfd,#111217);color:light-dark(#1f2029,#e8e8ec);",
  'font:400 .9375rem/1.5 Inter,ui-sans-serif,system-ui,-apple-system,"Segoe UI",sans-serif}',
  "main{max-width:34rem;margin:16vh auto 0;padding:0 1.5rem}",
  "h1{margin:0 0 .75rem;font-size:1.375rem;font-weight:600;letter-spacing:-.019em}",
  "p{margin:0;color:light-dark(#55565f,#b3b3bb)}",
].join("");

/** @param sentence without markup: it is ours, and never what a request said */
export function noticePage(title: string, sentence: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${STYLE}</style>
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
