/** Adds to a sum. */
export const grow = <K>(sums: Map<K, number>, key: K, by: number): void =>
  void sums.set(key, (sums.get(key) ?? 0) + by)
