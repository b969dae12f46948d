import { createHash } from 'node:crypto';

/** What a ConfigMap or a Secret holds, as the API server gives it. */
export interface Holder {
  readonly data?: Readonly<Record<string, string>> | null;
  readonly binaryData?: Readonly<Record<string, string>> | null;
}

/** Hash of what it holds: equal for equal keys and values, in any order. Contents are compared, never kept. */
export function contentHash({ data, binaryData }: Holder): string {
  const sorted = (values: Holder['data']) => Object.entries(values ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([sorted(data), sorted(binaryData)]))
    .digest('base64');
}
