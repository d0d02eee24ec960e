import { useSignal } from '@preact/signals'
import type { Policy } from '../../../../../engine/core/index.ts'
import { policyFacts } from '../../../../../tools/format/policy-text.ts'
import { usePage } from '../../frame/context.ts'
import { LeverForm, NumberField } from '../../part/lever-form.tsx'
import { Panel } from '../../part/panel.tsx'
import { changesOf, type Draft, draftOf, fields } from './policy-draft.ts'

/** The policy of the queue. Rules that are numbers can be changed. */
export function PolicyLevers() {
  const { shown } = usePage()
  const { policy } = shown.ledger.value
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
      <PolicyForm policy={policy} />
    </Panel>
  )
}

/** What is typed stands beside what is in force, and only what differs is asked for. */
function PolicyForm({ policy }: { readonly policy: Policy }) {
  const typed = useSignal<Partial<Draft>>({})
  const draft: Draft = { ...draftOf(policy), ...typed.value }
  const changes = changesOf(draft, policy)
  return (
    <LeverForm
      name="Policy"
      lever="policy"
      isSame={Object.keys(changes).length === 0}
      wish={() => ({
        title: 'Change the policy',
        body: { policy: changes },
        onDone: () => (typed.value = {}),
      })}
    >
      <div class="settings">
        {fields.map(({ name, says, empty, min, isWhole }) => (
          <NumberField
            key={name}
            name={name}
            before={says}
            placeholder={empty}
            min={min}
            step={isWhole ? 1 : 'any'}
            value={draft[name]}
            onInput={(text) => (typed.value = { ...typed.value, [name]: text })}
          />
        ))}
      </div>
    </LeverForm>
  )
}
