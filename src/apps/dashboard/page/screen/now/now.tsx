import { waitingCount } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { policyText } from '../../../../../tools/format/policy-text.ts'
import { usePage } from '../../frame/context.ts'
import { Figure } from '../../part/panel.tsx'
import { Failing } from './failing.tsx'
import { HealthStrip } from './health.tsx'
import { Line } from './line.tsx'
import { Models, modelRows } from './models.tsx'
import { Running } from './running.tsx'
import { Statechart } from './statechart.tsx'
import { Workers } from './workers.tsx'

/** What runs, the line, the models and the processes, now or at the moment of the address. */
export function Now() {
  return (
    <div class="grid">
      <HealthStrip />
      <Totals />
      <div class="column">
        <Running />
        <Failing />
        <Models />
      </div>
      <div class="column">
        <Line />
        <Workers />
      </div>
    </div>
  )
}

function Totals() {
  const { shown } = usePage()
  const ledger = shown.ledger.value
  const waiting = waitingCount(ledger)
  const models = modelRows(shown.calm.value)
  const isPaused = models.filter(({ pause }) => pause !== null).length
  return (
    <section class="totals wide" aria-label="Totals">
      <div class="figures-row">
        <Figure name="running" value={count(ledger.active.size)} />
        <Figure
          name="waiting"
          value={count(waiting)}
          note={ledger.undue.size === 0 ? '' : `${count(ledger.undue.size)} not due yet`}
        />
        <Figure
          name="models"
          value={count(models.length)}
          note={isPaused === 0 ? '' : `${count(isPaused)} paused`}
        />
        <Figure
          name="event"
          value={count(ledger.version)}
          note={ledger.epoch > 1 ? `epoch ${ledger.epoch}` : ''}
        />
        <p class="policy">
          <span class="name">policy</span>
          {policyText(ledger.policy)}
        </p>
      </div>
      <Statechart />
    </section>
  )
}
