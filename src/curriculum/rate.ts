/**
 * Mean of success values or rewards, to four decimals: ten times 0.7 must reach a threshold of 0.7. 0 for nothing. Sorted before it is summed,
 * so that the order of arrival cannot show in the last digit.
 */
export function meanOf(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sum = values.toSorted((a, b) => a - b).reduce((total, value) => total + value, 0);
  return Math.round((sum / values.length) * 1e4) / 1e4;
}

/** `values` with one more at the end; only the last `limit` are kept. */
export function pushed<T>(values: readonly T[], value: T, limit: number): T[] {
  return [...values, value].slice(-limit);
}
