import type { Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { capacityOf } from '../../../../../engine/core/index.ts'
import type { Recorded } from '../../../../../tools/insight/what-if/tried.ts'
import { Choices } from '../../part/choices.tsx'
import { Panel } from '../../part/panel.tsx'
import { amountsIn, type RuleChange, unchanged } from './trial.ts'

const MOST_MODELS = 12

interface Tried {
  readonly of: Recorded
  readonly change: Signal<RuleChange>
}

const setIn = (change: Signal<RuleChange>, part: Partial<RuleChange>) => {
  change.value = { ...change.peek(), ...part }
}

/** The rules, with sliders to change them. */
export function Rules({ of, change }: Tried) {
  const models = mostUsed(of)
  const asItIs = (
    <button type="button" disabled={change.value === unchanged} onClick={() => (change.value = unchanged)}>
      As it is
    </button>
  )
  return (
    <Panel id="rules" title="Rules to try" wide aside={asItIs}>
      <div class="rules">
        <div>
          <h3>Capacity per model</h3>
          {models.map((model) => (
            <Places key={model} model={model} of={of} change={change} />
          ))}
        </div>
        <div>
          <h3>Policy</h3>
          <PolicyRules of={of} change={change} />
          <Amounts of={of} change={change} />
          <h3>Pause one model from the beginning</h3>
          <Pause models={models} change={change} />
        </div>
      </div>
    </Panel>
  )
}

function Places({ model, of, change }: Tried & { readonly model: string }) {
  const inForce = capacityOf(of.policy, model)
  const { capacity } = change.value
  const places = capacity[model] ?? inForce
  return (
    <Slide
      model={model}
      label={`Capacity of ${model}`}
      range={{ min: 1, max: Math.max(8, inForce * 2), value: places }}
      shown={places}
      isInForce={places === inForce}
      onSlide={(to) => setIn(change, { capacity: { ...capacity, [model]: to } })}
    >
      <span class="name" title={model}>
        {model}
      </span>
    </Slide>
  )
}

function PolicyRules({ of, change }: Tried) {
  const { policy, overtakes, slots } = change.value
  const known = slots ?? of.slots
  const overtakesInForce = overtakes ?? of.policy.maxOvertakes
  return (
    <>
      <Choices
        label="Policy"
        all={['as it is', 'serial', 'by-model'] as const}
        chosen={policy}
        onChoose={(chosen) => setIn(change, { policy: chosen })}
      />
      <Slide
        range={{ min: 0, max: 32, value: overtakesInForce ?? 32 }}
        shown={overtakesInForce ?? '∞'}
        isInForce={overtakes === null}
        onSlide={(to) => setIn(change, { overtakes: to })}
      >
        <span class="name">how often a job may be overtaken</span>
      </Slide>
      <Slide
        range={{ min: 1, max: Math.max(65, 2 * (of.slots ?? 0)), value: known ?? 65 }}
        shown={known ?? '∞'}
        isInForce={slots === null}
        onSlide={(to) => setIn(change, { slots: of.slots === null && to > 64 ? null : to })}
      >
        <span class="name">slots in all workers</span>
      </Slide>
    </>
  )
}

/** Limits of use, units of places and weights, from a quarter to four times of what they are. */
function Amounts({ of, change }: Tried) {
  const { amounts } = change.value
  const all = amountsIn(of.policy)
  if (all.length === 0) return null
  return (
    <>
      <h3>Limits, units and weights</h3>
      {all.slice(0, MOST_MODELS).map((name) => {
        const percent = amounts[name] ?? 100
        return (
          <Slide
            key={name}
            range={{ min: 25, max: 400, step: 25, value: percent }}
            shown={`${percent} %`}
            isInForce={percent === 100}
            onSlide={(to) => setIn(change, { amounts: { ...amounts, [name]: to } })}
          >
            <span class="name" title={name}>
              {name}
            </span>
          </Slide>
        )
      })}
    </>
  )
}

const USUAL_PART = 0.25

function Pause({
  models,
  change,
}: {
  readonly models: readonly string[]
  readonly change: Signal<RuleChange>
}) {
  const { pause } = change.value
  const part = pause?.part ?? USUAL_PART
  return (
    <Slide
      label="How much of the time it is paused"
      range={{ min: 0.05, max: 1, step: 0.05, value: part, disabled: pause === null }}
      shown={pause === null ? '—' : `${Math.round(part * 100)} %`}
      isInForce={pause === null}
      onSlide={(to) => setIn(change, { pause: pause && { ...pause, part: to } })}
    >
      <select
        aria-label="Model to pause"
        value={pause?.model ?? ''}
        onChange={({ currentTarget: { value: model } }) =>
          setIn(change, { pause: model === '' ? null : { model, part } })
        }
      >
        <option value="">no model</option>
        {models.map((model) => (
          <option key={model} value={model}>
            {model}
          </option>
        ))}
      </select>
    </Slide>
  )
}

interface Slid {
  /** The model whose slider it is. */
  readonly model?: string
  /** Where the children do not name it. */
  readonly label?: string
  readonly range: {
    readonly min: number
    readonly max: number
    readonly value: number
    readonly step?: number
    readonly disabled?: boolean
  }
  readonly shown: string | number
  readonly isInForce: boolean
  readonly onSlide: (to: number) => void
  readonly children: ComponentChildren
}

/** What it is, a slider, and the value. */
function Slide({ model, label, range, shown, isInForce, onSlide, children }: Slid) {
  return (
    <label class="drag" data-drag={model}>
      {children}
      <input
        type="range"
        aria-label={label}
        {...range}
        onInput={(event) => onSlide(Number(event.currentTarget.value))}
      />
      <b class={isInForce ? 'dim' : ''}>{shown}</b>
    </label>
  )
}

/** The models that were held longest. */
function mostUsed({ lives }: Recorded): readonly string[] {
  const held = new Map<string, number>()
  for (const { runs } of lives)
    for (const { models, from, to } of runs)
      for (const model of models) held.set(model, (held.get(model) ?? 0) + to - from)
  return [...held]
    .sort(([a, heldA], [b, heldB]) => heldB - heldA || (a < b ? -1 : 1))
    .slice(0, MOST_MODELS)
    .map(([model]) => model)
}
