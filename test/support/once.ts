import { inject } from 'vitest'
import type { makers } from './once-global.ts'

/** Where something lies that is made once for the whole run, now unless another test has asked for it. */
export async function madeOnce(name: keyof typeof makers): Promise<string> {
  const answer = await fetch(inject('onceUrl') + name)
  const place = await answer.text()
  if (!answer.ok) throw new Error(`${name}: ${place}`)
  return place
}
