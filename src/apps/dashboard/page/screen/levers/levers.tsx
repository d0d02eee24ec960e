import { useComputed, useSignal } from '@preact/signals'
import { type Policy, queueStateOf } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { policyFacts } from '../../../../../tools/format/policy-text.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { route } from '../../frame/route.ts'
import { DrainButton, PauseButton } from '../../part/lever-button.tsx'
import { LeverForm, NumberField } from '../../part/lever-form.tsx'
import { None } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'
import { type ModelRow, modelRows, placeRows } from '../now/models.tsx'
import { OneModel } from './one-model.tsx'
import { changesOf, draftOf, fields, type PolicyDraft } from './policy-draft.ts'
import { Proposals } from './proposals.tsx'
import { Reorder } from './reorder.tsx'
import { Amounts } from './text-form.tsx'

/** What operators can do. Each lever first shows what the log will say, and which jobs move. */
export function Levers() {
  const { me, shown } = usePage()
  if (!shown.isLive.value)
    return (
      <Panel id="levers" title="Actions" wide>
        <p class="none">
          You can act only in the present. <Link to={{ at: null }}>To the present</Link>
        </p>
      </Panel>
    )
  return (
    <div class="grid levers">
      {me.levers.length === 0 ? (
        <p class="wide none" data-role={me.role}>
          You are {me.actor}, a {me.role}: you may look, but not change anything.
        </p>
      ) : null}
      <Queue />
      <Reorder />
      <ModelLevers />
      <PolicyLevers />
    </div>
  )
}

function Queue() {
  const { me, shown } = usePage()
  const state = queueStateOf(shown.ledger.value)
  const isDraining = state.startsWith('draining')
  return (
    <Panel id="queue" title="Queue" wide aside={<DrainButton isDraining={isDraining} />}>
      <p>
        The queue is <b>{state.replace('draining.', '')}</b>.{' '}
        <span class="dim">
          {isDraining
            ? 'No job starts until you resume it.'
            : 'Draining it stops new starts; running jobs finish.'}
        </span>
      </p>
      {me.levers.length === 0 ? <None>Only an operator may act.</None> : null}
    </Panel>
  )
}

/** Pauses and resumes models. The chosen one can also be given places, a rate, and a pause with a reason. */
function ModelLevers() {
  const { shown } = usePage()
  const rows = useComputed(() => [...placeRows(shown.calm.value), ...modelRows(shown.calm.value)])
  const { model } = route.value
  return (
    <div class="column">
      <Panel id="model-levers" title="Models and places" aside={count(rows.value.length)}>
        {rows.value.length === 0 ? <None>No job needs a model.</None> : null}
        <Proposals />
        <WindowedList
          label="The models, to pause or choose"
          count={rows.value.length}
          rowHeight={44}
          row={(index) => {
            const row = rows.value[index]
            return row === undefined ? null : <Row key={row.model} row={row} isChosen={row.model === model} />
          }}
        />
      </Panel>
      {model === null ? null : <OneModel key={model} model={model} />}
    </div>
  )
}

function Row({ row, isChosen }: { readonly row: ModelRow; readonly isChosen: boolean }) {
  const { model, held, waiting, capacity, pause, rate } = row
  return (
    <li data-model={model} class={isChosen ? 'here' : ''}>
      <div class="two">
        <Link
          class="model"
          to={{ model: isChosen ? null : model }}
          title={`Capacity, rate and pause of ${model}`}
          aria-current={isChosen ? 'true' : undefined}
        >
          {model}
        </Link>
        <span class={pause === null ? 'under dim' : 'under warn'}>
          {pause === null ? `${count(held)} in use, ${count(waiting)} waiting` : `paused (${pause.reason})`}
        </span>
      </div>
      <div class="two right">
        <span class="dim">capacity {count(capacity)}</span>
        <span class="under">{rate}</span>
      </div>
      <PauseButton model={model} isPaused={pause !== null} />
    </li>
  )
}

/** The policy of the queue. Rules that are numbers can be changed. */
function PolicyLevers() {
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
      <div class="forms">
        <PolicyForm policy={policy} />
        <Amounts
          name="Weights"
          says="weights"
          title="fair keys with numbers: paid/*=4,*=1"
          inForce={policy.weights}
          change={(weights) => ({ weights })}
        />
      </div>
    </Panel>
  )
}

/** What is typed stands beside what is in force, and only what differs is asked for. */
function PolicyForm({ policy }: { readonly policy: Policy }) {
  const typed = useSignal<Partial<PolicyDraft>>({})
  const draft: PolicyDraft = { ...draftOf(policy), ...typed.value }
  const changes = changesOf(draft, policy)
  return (
    <LeverForm
      name="Policy"
      lever="policy"
      isSame={Object.keys(changes).length === 0}
      request={() => ({
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
