/** Text inside XML 1.0. What XML can't hold at all is refused before (`checkedSpec`). */

const ENTITIES: { readonly [char: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

export function xmlText(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string);
}

/** The reverse of `xmlText`. */
export function textOfXml(xml: string): string {
  const chars = new Map(Object.entries(ENTITIES).map(([char, entity]) => [entity, char]));
  return xml.replace(/&[a-z]+;/g, (entity) => chars.get(entity) ?? entity);
}
