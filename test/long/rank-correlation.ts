/** Spearman's rank correlation, -1..1, ties sharing the mean of their ranks; undefined where either side has less than two different values. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number | undefined {
  if (a.length !== b.length) throw new RangeError(`${a.length} values cannot be ranked against ${b.length}`);
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  const sum = (pairs: readonly number[]) => pairs.reduce((total, value) => total + value, 0);
  const spread = Math.sqrt(sum(x.map((r) => (r - mean) ** 2)) * sum(y.map((r) => (r - mean) ** 2)));
  if (spread === 0) return undefined;
  return Math.round((sum(x.map((r, i) => (r - mean) * (y[i] - mean))) / spread) * 1000) / 1000;
}

/** From 1 up. */
function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}
