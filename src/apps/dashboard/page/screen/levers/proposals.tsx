import { windowsOf } from '../../../../../engine/core/index.ts'
import type { LimitsDocument } from '../../../api/queue-documents.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { LeverButton } from '../../part/lever-button.tsx'
import { useLoad } from '../../part/load.tsx'

/** Limits that the answers of providers speak for, each with its evidence. Nothing sets one by itself. */
export function Proposals() {
  const { live, shown } = usePage()
  const { policy } = shown.ledger.value
  const found = useLoad({
    question: live.generation.value,
    news: policy,
    look: () => getJson<LimitsDocument>(ofQueue(live.queue, 'limits')),
  })
  if (found.state !== 'here' || found.value.limits.length === 0) return null
  return (
    <ul class="places-of" aria-label="Proposed limits">
      {found.value.limits.map(({ model, resource, limit, perSeconds, evidence, command }) => {
        const title = `Allow ${limit} ${resource ?? `starts of ${model}`} in ${perSeconds} s`
        const uses = {
          ...policy.uses,
          [resource ?? '']: [...(windowsOf(policy, resource ?? '') ?? []), { limit, perSeconds }],
        }
        return (
          <li key={model} data-proposal={model}>
            <p>{evidence}. If that is its limit:</p>
            <p>
              <code>{command}</code>{' '}
              {resource === null ? (
                <LeverButton lever="rate" title={title} body={{ model, rate: { starts: limit, perSeconds } }}>
                  {title}…
                </LeverButton>
              ) : (
                <LeverButton lever="policy" title={title} body={{ policy: { uses } }}>
                  {title}…
                </LeverButton>
              )}
            </p>
          </li>
        )
      })}
    </ul>
  )
}
