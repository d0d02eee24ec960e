import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { count } from '../../../format/index.ts'
import { usePage } from './context.ts'
import { addKeys } from './keys.ts'
import { nextFor, play, step } from './moments.ts'
import { go, route } from './route.ts'
import { momentText } from './time.ts'

const speeds = [1, 5, 30, 200] as const

/** The slider through the log, below every screen. */
export function Slider() {
  const { live, shown } = usePage()
  const playing = useSignal<(() => void) | null>(null)
  const speed = useSignal<number>(5)
  const latest = useRef(() => {})
  const { at, job, model } = route.value
  const last = live.version.value
  const here = at ?? last
  const stop = () => {
    playing.value?.()
    playing.value = null
  }
  const toggle = () => {
    if (playing.peek() !== null) return stop()
    if (at === null) go({ at: Math.max(live.first.peek(), last - 200) })
    playing.value = play(
      live,
      () => speed.peek(),
      () => (playing.value = null),
    )
  }
  latest.current = toggle
  const by = (steps: number) => {
    stop()
    step(live, steps)
  }
  useEffect(
    () =>
      addKeys([
        { key: ',', does: 'one event back', run: () => by(-1) },
        { key: '.', does: 'one event on', run: () => by(1) },
        { key: ' ', does: 'let the log go on from there, or stop it', run: () => latest.current() },
      ]),
    [live],
  )
  return (
    <footer class={shown.isLive.value ? 'slider' : 'slider past'}>
      <div class="steps">
        <button type="button" title="One event back (,)" aria-label="One event back" onClick={() => by(-1)}>
          ‹
        </button>
        <button
          type="button"
          class="play"
          aria-pressed={playing.value !== null}
          aria-label={playing.value === null ? 'Play' : 'Stop'}
          title="Let the log go on from there (space)"
          onClick={toggle}
        >
          {playing.value === null ? '▶' : '❚❚'}
        </button>
        <button type="button" title="One event on (.)" aria-label="One event on" onClick={() => by(1)}>
          ›
        </button>
      </div>
      <input
        type="range"
        aria-label="Number of the log"
        aria-valuetext={`event ${here}`}
        min={live.first.value}
        max={last}
        value={here}
        onInput={(event) => {
          stop()
          const to = Number(event.currentTarget.value)
          go({ at: to >= last ? null : to }, { isStep: true })
        }}
      />
      <output class="moment">
        <b data-figure="at">{count(shown.ledger.value.version)}</b>
        <span class="dim"> of {count(last)}</span>
        <span class="clock">
          {shown.ledger.value.lastAt === 0 ? '' : momentText(shown.ledger.value.lastAt)}
        </span>
      </output>
      {job === null && model === null ? null : <Jumps job={job} model={model} here={here} />}
      <label class="speed">
        <span class="hidden">Speed</span>
        <select value={speed.value} onChange={(event) => (speed.value = Number(event.currentTarget.value))}>
          {speeds.map((times) => (
            <option key={times} value={times}>
              {times}×
            </option>
          ))}
        </select>
      </label>
      <Compare />
      <button
        type="button"
        class="present"
        disabled={at === null}
        onClick={() => {
          stop()
          go({ at: null })
        }}
      >
        {at === null ? 'Present' : 'To the present'}
      </button>
    </footer>
  )
}

/** Jumps to the events of the job or model that the user looks at. */
function Jumps({
  job,
  model,
  here,
}: {
  readonly job: string | null
  readonly model: string | null
  readonly here: number
}) {
  const { live } = usePage()
  const name = job ?? model ?? ''
  const to = (by: 1 | -1) => {
    const next = nextFor(live, here, by, { job, model })
    if (next !== null) go({ at: next })
    else if (by === 1) go({ at: null })
    else void live.readBack(live.base.peek() - 1).catch(() => {})
  }
  return (
    <span class="jumps">
      <button type="button" aria-label={`Last event of ${name} before`} onClick={() => to(-1)}>
        ‹
      </button>
      <span class="name" title={name}>
        {name}
      </span>
      <button type="button" aria-label={`Next event of ${name}`} onClick={() => to(1)}>
        ›
      </button>
    </span>
  )
}

/** Keeps a moment, and shows what differs at another one. */
function Compare() {
  const { shown } = usePage()
  const { than } = route.value
  if (than !== null)
    return (
      <button type="button" class="compare" onClick={() => go({ than: null })}>
        Compared with {count(than)} ×
      </button>
    )
  return (
    <button
      type="button"
      class="compare"
      title="Keep this moment, and see on Time what is different at another one"
      onClick={() => go({ see: 'time', than: shown.ledger.peek().version })}
    >
      Compare
    </button>
  )
}
