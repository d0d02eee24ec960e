import { PACKAGE_VERSION } from '../../../engine/coordinator/parts.ts'
import { plural } from '../../format/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, note, problem } from '../finding.ts'

/** The processes that work now: their releases, and late ones. */
export function checkWorkers({ workers }: Facts): Finding[] {
  const live = workers.filter(({ state }) => state === 'live')
  const late = workers.filter(({ state }) => state === 'late')
  const releases = [...Map.groupBy(live, ({ release }) => release)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const found: Finding[] = []
  if (releases.some(([release]) => release !== PACKAGE_VERSION))
    found.push(
      note(
        'releases',
        `live processes run ${releases.map(([release, { length }]) => `${release} (${length})`).join(', ')}; this is ${PACKAGE_VERSION}`,
        'finish the deploy: run two releases side by side only during a deploy',
      ),
    )
  if (late.length > 0)
    found.push(
      problem(
        'late',
        `${plural(late.length, 'process').replace('processs', 'processes')} missed their heartbeats: ${late.map(({ workerId }) => workerId).join(', ')}`,
        'check whether they are paused, starved of CPU, or cut off from the database',
      ),
    )
  return found
}
