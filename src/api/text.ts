/** Cuts text to `limit` bytes of UTF-8 at a whole character, with an ellipsis. */
export function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= limit) return text;
  let end = limit - 3;
  while (end > 0 && (bytes.readUInt8(end) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString('utf8')}…`;
}
