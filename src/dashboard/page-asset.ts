/**
 * The page, as one file. Here stands what is shown when the program runs from its sources; in the executable the
 * build puts the real one in this module's place (scripts/build/page.ts).
 */
export const PAGE_HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Prism</title>
<p>The page is built into the executable: run <code>npm run build</code>, then <code>dist/prism dashboard</code>.</p>
</html>
`;
