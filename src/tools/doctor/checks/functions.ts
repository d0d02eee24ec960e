import { functionSums } from '../../../engine/migrate/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, problem, those } from '../finding.ts'

const again =
  'interlock migrate --again (a rolling deploy of two releases also looks like this, until it is done)'

/** Compares the bodies of the functions in the database with those of this release. */
export function checkFunctions({ checkup }: Facts): Finding[] {
  const there = new Map(checkup.functions.map((each) => [each.name, each]))
  const missing: string[] = []
  const edited: string[] = []
  for (const [name, { sum, definer }] of functionSums()) {
    const found = there.get(name)
    if (found === undefined) missing.push(name)
    else if (found.sum !== sum || found.definer !== definer) edited.push(name)
  }
  return those(
    missing.length > 0 && problem('functions', `functions are missing: ${missing.join(', ')}`, again),
    edited.length > 0 &&
      problem('functions', `functions are not those of this release: ${edited.join(', ')}`, again),
  )
}
