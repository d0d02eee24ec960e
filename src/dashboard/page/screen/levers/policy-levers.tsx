import { useSignal } from '@preact/signals'
import { policyFacts } from '../../../../format/parts.ts'
import { ask } from '../../data/levers.ts'
import { useDesk } from '../../frame/context.ts'
import { Panel } from '../../part/panel.tsx'

/** A whole number, or null for an empty field. */
const numberOrNull = (text: string): number | null => (text.trim() === '' ? null : Number(text))

/** The policy of the queue. The fields that are changed most often come first. */
export function PolicyLevers() {
  const { me, live, shown } = useDesk()
  const { policy } = shown.ledger.value
  const active = useSignal<string | null>(null)
  const overtakes = useSignal<string | null>(null)
  const shownActive = active.value ?? String(policy.maxActive ?? '')
  const shownOvertakes = overtakes.value ?? String(policy.maxOvertakes ?? '')
  return (
    <Panel id="policy" title="Policy" wide>
      <dl class="facts">
        {policyFacts(policy).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {me.levers.includes('policy') ? (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault()
            const wanted = {
              maxActive: numberOrNull(shownActive),
              maxOvertakes: numberOrNull(shownOvertakes),
            }
            void ask(live.queue, { lever: 'policy', title: 'Change the policy', body: { policy: wanted } })
          }}
        >
          <label>
            <span class="dim">jobs at once (empty: any number)</span>{' '}
            <input
              type="number"
              class="short"
              name="maxActive"
              min={1}
              value={shownActive}
              onInput={(event) => (active.value = event.currentTarget.value)}
            />
          </label>
          <label>
            <span class="dim">overtaken at most (empty: greedy)</span>{' '}
            <input
              type="number"
              class="short"
              name="maxOvertakes"
              min={0}
              value={shownOvertakes}
              onInput={(event) => (overtakes.value = event.currentTarget.value)}
            />
          </label>
          <button type="submit">Change…</button>
        </form>
      ) : null}
    </Panel>
  )
}
