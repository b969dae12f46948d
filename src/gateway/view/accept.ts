/**
 * The part of an Accept header that the view can map: JSON in all its forms (Table, partial metadata, aggregated discovery, watch frames).
 * Protobuf, CBOR and YAML go, because their strings could not be mapped on the way; a client that names nothing else gets JSON.
 */
export function negotiateAccept(header: string | undefined): string {
  const kept = (header ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => /^(application\/json|application\/\*|\*\/\*)(;|$)/i.test(entry));
  return kept.join(',') || 'application/json';
}
