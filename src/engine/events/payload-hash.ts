import { hash, type Json } from '../core/index.ts'

/** The hash of a payload's content. The order of keys does not matter: jsonb does not keep it either. */
export function payloadHash(payload: Json): number {
  return hash(JSON.stringify(inOrder(payload)))
}

/** The value with its keys in order; the value itself if they already are. */
function inOrder(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  return Array.isArray(value) ? itemsInOrder(value) : fieldsInOrder(value as JsonFields)
}

type JsonFields = Readonly<Record<string, Json>>

function itemsInOrder(items: readonly Json[]): Json {
  const ordered = items.map(inOrder)
  return ordered.every((item, i) => item === items[i]) ? items : ordered
}

function fieldsInOrder(fields: JsonFields): Json {
  const keys = Object.keys(fields)
  let isSame = true
  for (let i = 1; i < keys.length && isSame; i++) isSame = (keys[i - 1] ?? '') < (keys[i] ?? '')
  const sorted = isSame ? keys : keys.toSorted(byUnits)
  const ordered = sorted.map((key): [string, Json] => {
    const value = fields[key] ?? null
    const inside = inOrder(value)
    if (inside !== value) isSame = false
    return [key, inside]
  })
  return isSame ? fields : Object.fromEntries(ordered)
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : 1)
