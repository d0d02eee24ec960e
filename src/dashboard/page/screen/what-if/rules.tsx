import type { Signal } from '@preact/signals'
import { capacityOf } from '../../../../core/index.ts'
import type { Recorded } from '../../../../insight/parts.ts'
import { Choices } from '../../part/choices.tsx'
import { Panel } from '../../part/panel.tsx'
import { type Change, unchanged } from './trial.ts'

const MOST_MODELS = 12

/** The rules, with sliders to change them. */
export function Rules({ of, change }: { readonly of: Recorded; readonly change: Signal<Change> }) {
  const now = change.value
  const set = (part: Partial<Change>) => (change.value = { ...change.peek(), ...part })
  const models = mostUsed(of)
  return (
    <Panel
      id="rules"
      title="Rules to try"
      wide
      aside={
        <button type="button" disabled={now === unchanged} onClick={() => (change.value = unchanged)}>
          As it is
        </button>
      }
    >
      <div class="rules">
        <div>
          <h3>Places per model</h3>
          {models.map((model) => {
            const inForce = capacityOf(of.policy, model)
            const places = now.capacity[model] ?? inForce
            return (
              <label key={model} class="drag" data-drag={model}>
                <span class="name" title={model}>
                  {model}
                </span>
                <input
                  type="range"
                  aria-label={`Places of ${model}`}
                  min={1}
                  max={Math.max(8, inForce * 2)}
                  value={places}
                  onInput={(event) =>
                    set({ capacity: { ...now.capacity, [model]: Number(event.currentTarget.value) } })
                  }
                />
                <b class={places === inForce ? 'dim' : ''}>{places}</b>
              </label>
            )
          })}
        </div>
        <div>
          <h3>Policy</h3>
          <Choices
            label="Policy"
            all={['as it is', 'serial', 'by-model'] as const}
            chosen={now.policy}
            onChoose={(policy) => set({ policy })}
          />
          <label class="drag">
            <span class="name">overtaken at most</span>
            <input
              type="range"
              min={0}
              max={32}
              value={now.overtakes ?? of.policy.maxOvertakes ?? 32}
              onInput={(event) => set({ overtakes: Number(event.currentTarget.value) })}
            />
            <b class={now.overtakes === null ? 'dim' : ''}>
              {now.overtakes ?? of.policy.maxOvertakes ?? '∞'}
            </b>
          </label>
          <label class="drag">
            <span class="name">slots of all workers</span>
            <input
              type="range"
              min={1}
              max={65}
              value={now.slots ?? 65}
              onInput={(event) => {
                const slots = Number(event.currentTarget.value)
                set({ slots: slots > 64 ? null : slots })
              }}
            />
            <b class={now.slots === null ? 'dim' : ''}>{now.slots ?? '∞'}</b>
          </label>
          <h3>A pause, from the beginning</h3>
          <label class="drag">
            <select
              aria-label="Model that is paused"
              value={now.pause?.model ?? ''}
              onChange={(event) => {
                const model = event.currentTarget.value
                set({ pause: model === '' ? null : { model, part: now.pause?.part ?? 0.25 } })
              }}
            >
              <option value="">no model</option>
              {models.map((model) => (
                <option key={model} value={model}>
                  {model}
                </option>
              ))}
            </select>
            <input
              type="range"
              aria-label="Part of the time for which it is paused"
              min={0.05}
              max={1}
              step={0.05}
              disabled={now.pause === null}
              value={now.pause?.part ?? 0.25}
              onInput={(event) => {
                const { pause } = change.peek()
                if (pause !== null) set({ pause: { ...pause, part: Number(event.currentTarget.value) } })
              }}
            />
            <b class={now.pause === null ? 'dim' : ''}>
              {now.pause === null ? '—' : `${Math.round(now.pause.part * 100)} %`}
            </b>
          </label>
        </div>
      </div>
    </Panel>
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
