/** How the jobs of a line are spread. */
export interface LineOf {
  readonly models: number
}

/** 36 characters, as of a UUID, and as unlike each other. */
export function idOf(n: number): string {
  const words = [1, 2, 3, 4].map((salt) =>
    mixed(n * 4 + salt)
      .toString(16)
      .padStart(8, '0'),
  )
  const text = words.join('')
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
    '-',
  )
}

export const modelOf = ({ models }: LineOf, n: number): string => `model-${mixed(n) % models}`

/** Each number leads to another one, without an order. */
function mixed(n: number): number {
  let word = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return (word ^ (word >>> 16)) >>> 0
}
