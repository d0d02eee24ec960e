import { hash, type Json } from '../core/index.ts'

/** Of what a payload says: the order of its keys, which jsonb does not keep either, is nothing to it. */
export function payloadHash(payload: Json): number {
  return hash(JSON.stringify(payload, inOrder))
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
