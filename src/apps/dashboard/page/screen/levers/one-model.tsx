import { useSignal } from '@preact/signals'
import { capacityOf, isPlace, pauseOf, placesOf, rateOf, unitsOf } from '../../../../../engine/core/index.ts'
import { usePage } from '../../frame/context.ts'
import { LeverButton } from '../../part/lever-button.tsx'
import { LeverForm, NumberField } from '../../part/lever-form.tsx'
import { Panel } from '../../part/panel.tsx'
import { Amounts, namesIn, TextForm } from './text-form.tsx'

/** All levers of one model. */
export function OneModel({ model }: { readonly model: string }) {
  const { shown } = usePage()
  const isPaused = pauseOf(shown.ledger.value, model) !== undefined
  return (
    <Panel id="one-model" title={model}>
      <div class="forms">
        {isPlace(shown.ledger.value.policy, model) ? (
          <UnitsForm place={model} />
        ) : (
          <>
            <Places model={model} />
            <RateForm model={model} />
          </>
        )}
        {isPaused ? null : <Pause model={model} />}
      </div>
    </Panel>
  )
}

function Places({ model }: { readonly model: string }) {
  const { shown } = usePage()
  const { policy } = shown.ledger.value
  return (
    <TextForm
      name={`Capacity of ${model}`}
      lever="capacity"
      says="capacity"
      title="a number, or the names of places: host1:0,host1:1"
      required
      inForce={(placesOf(policy, model) ?? [capacityOf(policy, model)]).join(',')}
      request={(places) => ({
        title: `Set the capacity of ${model} to ${places}`,
        body: { model, capacity: /\D/.test(places) ? namesIn(places) : Number(places) },
      })}
    />
  )
}

/** Without units the place has one job at a time, or what a pattern gives it. */
function UnitsForm({ place }: { readonly place: string }) {
  const { policy } = usePage().shown.ledger.value
  const { [place]: _, ...others } = policy.units ?? {}
  return (
    <Amounts
      name={`Units of ${place}`}
      says="units"
      title="names with numbers: vram=24,slots=2"
      inForce={unitsOf(policy, place)}
      change={(units) => {
        const all = units === null ? others : { ...others, [place]: units }
        return { units: Object.keys(all).length === 0 ? null : all }
      }}
    />
  )
}

function RateForm({ model }: { readonly model: string }) {
  const { shown } = usePage()
  const inForce = rateOf(shown.ledger.value.policy, model)
  const typed = useSignal<{ readonly starts?: string; readonly perSeconds?: string }>({})
  const starts = typed.value.starts ?? String(inForce?.starts ?? '')
  const perSeconds = typed.value.perSeconds ?? String(inForce?.perSeconds ?? '')
  const onDone = () => (typed.value = {})
  return (
    <LeverForm
      name={`Rate of ${model}`}
      lever="rate"
      isSame={starts === String(inForce?.starts ?? '') && perSeconds === String(inForce?.perSeconds ?? '')}
      request={() => ({
        title: `Allow ${starts} starts of ${model} in ${perSeconds} s`,
        body: { model, rate: { starts: Number(starts), perSeconds: Number(perSeconds) } },
        onDone,
      })}
      also={
        inForce === undefined ? null : (
          <LeverButton
            lever="rate"
            title={`Remove the rate of ${model}`}
            body={{ model, rate: null }}
            onDone={onDone}
          >
            Remove rate…
          </LeverButton>
        )
      }
    >
      <NumberField
        before="at most"
        label="Rate:"
        min={1}
        required
        placeholder="any"
        value={starts}
        onInput={(text) => (typed.value = { ...typed.value, starts: text })}
      />
      <NumberField
        before="starts in"
        after="s"
        min={0.001}
        step="any"
        required
        value={perSeconds}
        onInput={(text) => (typed.value = { ...typed.value, perSeconds: text })}
      />
    </LeverForm>
  )
}

/** A pause that says why, and ends by itself if it is to. */
function Pause({ model }: { readonly model: string }) {
  const { live } = usePage()
  const reason = useSignal('by_hand')
  const minutes = useSignal('')
  const until = () =>
    minutes.value === '' ? null : Math.round(live.now() / 1_000 + Number(minutes.value) * 60_000)
  return (
    <LeverForm
      name={`Pause ${model}`}
      lever="pause-model"
      verb="Pause…"
      request={() => ({
        title: `Pause ${model}`,
        body: { model, reason: reason.value, untilMs: until() },
      })}
    >
      <label>
        <span class="dim">because </span>
        <input
          type="text"
          class="code"
          required
          pattern="[a-z][a-z0-9_]*"
          title="a code of letters a to z, digits and underscores, such as provider_down"
          value={reason.value}
          onInput={(event) => (reason.value = event.currentTarget.value)}
        />
      </label>
      <NumberField
        before="for"
        after="minutes"
        min={0}
        step="any"
        placeholder="ever"
        value={minutes.value}
        onInput={(text) => (minutes.value = text)}
      />
    </LeverForm>
  )
}
