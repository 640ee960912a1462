/**
 * A signal's id is the hub's tag and the signal's position: `k7qd-1f`. So an id needs no index, says which
 * store it belongs to, and is short enough for a model to repeat without a slip.
 */
const TAG_CHARS = 4;
const ID = /^[a-z0-9]{4}-[0-9a-z]{1,11}$/;

export function tagOf(hubId: string): string {
  return hubId.slice(0, TAG_CHARS);
}

export function formatId(tag: string, position: number): string {
  return `${tag}-${position.toString(36)}`;
}

/** The position an id names, or 0 if this hub can't have given it out. */
export function positionOf(tag: string, id: string): number {
  const text = id.toLowerCase();
  if (!ID.test(text) || !text.startsWith(tag)) return 0;
  const position = Number.parseInt(text.slice(TAG_CHARS + 1), 36);
  return Number.isSafeInteger(position) ? position : 0;
}
