/** Whether two values that JSON can say are the same, whatever the order of keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [own, others] = [Object.entries(a), new Map(Object.entries(b))]
  return (
    own.length === others.size &&
    own.every(([key, value]) => others.has(key) && isSame(value, others.get(key)))
  )
}
