/** The name that is most like `wanted`, for "Perhaps you meant". Null if none is like it at all. */
export function mostSimilar(wanted: string, names: readonly string[]): string | null {
  const scored = names.map((name) => ({ name, score: similarity(wanted, name) }))
  const best = scored.reduce((a, b) => (b.score > a.score ? b : a), { name: '', score: 0 })
  return best.score >= 1 / 3 ? best.name : null
}

/** The cosine of the vectors of letter pairs, 0 to 1. */
function similarity(a: string, b: string): number {
  const [left, right] = [pairsOf(a), pairsOf(b)]
  const shared = [...left].filter((pair) => right.has(pair)).length
  return left.size === 0 || right.size === 0 ? 0 : shared / Math.sqrt(left.size * right.size)
}

function pairsOf(text: string): ReadonlySet<string> {
  if (text === '') return new Set()
  const framed = `-${text.toLowerCase()}-`
  return new Set(Array.from({ length: framed.length - 1 }, (_, at) => framed.slice(at, at + 2)))
}
