/** Which hosts to listen on nobody else can reach. Looks at the name alone, and resolves nothing. */

/** True for names and addresses that only this host can reach. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}
