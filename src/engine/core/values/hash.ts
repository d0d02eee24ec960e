/**
 * A 52-bit hash of a text: two 26-bit FNV-1a style lanes. Equal texts hash equally on every machine; used to order
 * tables by id and to notice a command id that returns with another body. Not cryptographic.
 */
export function hash(text: string): number {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b)
  }
  return (high >>> 6) * 0x4000000 + ((low ^ (low >>> 15)) >>> 6)
}
