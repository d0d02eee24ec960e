/** What was measured at one size. */
export interface Point {
  readonly size: number
  readonly cost: number
}

/**
 * The exponent of a power law through the points, by least squares over their logarithms: 0 where the size costs nothing, 1 where
 * twice the size costs twice as much.
 */
export function exponentOf(points: readonly Point[]): number {
  const logs = points.map(({ size, cost }) => [Math.log(size), Math.log(cost)] as const)
  const meanX = logs.reduce((sum, [x]) => sum + x, 0) / logs.length
  const meanY = logs.reduce((sum, [, y]) => sum + y, 0) / logs.length
  const over = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const under = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return over / under
}
