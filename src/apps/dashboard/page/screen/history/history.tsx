import { usePage } from '../../frame/context.ts'
import { route } from '../../frame/route.ts'
import { Loaded, None } from '../../part/load.tsx'
import { PeriodBar, usePeriod } from '../../part/period.tsx'
import { Differences } from './differences.tsx'
import { Figures, measured } from './figures.tsx'
import { Occupancy } from './occupancy.tsx'

/** How long to rest before it is measured again, in milliseconds. */
const AGAIN_MS = 5_000

/** What happened in a period: who held which model, how long jobs waited and for what, and how many ended how. */
export function History() {
  const { live } = usePage()
  const { than } = route.value
  const stats = usePeriod((found, signal) => measured(live.queue, found, signal), AGAIN_MS)
  return (
    <div class="grid">
      {than === null ? null : <Differences than={than} />}
      <PeriodBar />
      <Occupancy isLoaded={stats.state === 'here'} />
      <Loaded of={stats}>
        {(found) =>
          found === null ? <None>Nothing happened in that time.</None> : <Figures stats={found} />
        }
      </Loaded>
    </div>
  )
}
