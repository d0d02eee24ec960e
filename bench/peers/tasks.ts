import type { Task } from './peer.ts'

/** Some 90 bytes as JSON, as of a program that makes images. */
export const payloadOf = (n: number) => ({
  n,
  prompt: 'a fox in the snow, from above',
  width: 1024,
  height: 768,
  seed: 1_000_003,
})

export const resultOf = (n: number) => ({ url: `https://images.example/${n}.png` })

export const numberOf = (payload: unknown): number => (payload as ReturnType<typeof payloadOf>).n

export const keyNames = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `model-${i}`)

/** So many jobs, spread evenly over the keys; without keys where there are none. */
export function tasksOn(keys: readonly string[], count: number, from = 0): readonly Task[] {
  return Array.from({ length: count }, (_, i) => ({
    n: from + i,
    key: keys[(from + i) % keys.length] ?? null,
  }))
}

/** The same by thousands. */
export function* thousands(tasks: readonly Task[]): Generator<readonly Task[]> {
  for (let from = 0; from < tasks.length; from += 1_000) yield tasks.slice(from, from + 1_000)
}
