/**
 * Data for an LLM between two marks that nothing inside can close: the data is JSON in which every `<`, `>`, `&` and every character that is
 * not printable ASCII is written as an escape, so no mark of any form can stand there, visible or not; and the marks carry a nonce that nobody
 * could know when the data was written.
 *
 * @param nonce letters and digits, new for each call
 */
export function fenced(data: unknown, nonce: string): string {
  const json = JSON.stringify(data, null, 1);
  const safe = json.replace(/[^\n\x20-\x7e]|[<>&]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `${opening(nonce)}\n${safe}\n${closing(nonce)}`;
}

export const opening = (nonce: string): string => `<data-${nonce}>`;
export const closing = (nonce: string): string => `</data-${nonce}>`;
