const SUFFIXES: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity ("128Mi", "250m", "2") as a number in base units: bytes, cores, pieces. Throws when it is none. */
export function parseQuantity(text: string): number {
  const found = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text);
  if (!found) throw new Error(`"${text}" is not a quantity; write for example 128Mi, 250m or 2`);
  return Number(found[1]) * SUFFIXES[found[2] ?? ''];
}

/** The quantity as people write it: memory in whole Mi (rounded down), CPU in whole millicores, all else whole numbers. */
export function formatQuantity(resource: string, value: number): string {
  if (resource.endsWith('memory')) return `${Math.floor(value / 2 ** 20)}Mi`;
  if (resource.endsWith('cpu')) return `${Math.floor(value * 1000 + 1e-6)}m`;
  return String(Math.floor(value));
}
