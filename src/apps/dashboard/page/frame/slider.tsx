import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { count } from '../../../../tools/format/index.ts'
import { usePage } from './context.ts'
import { addKeys } from './keys.ts'
import { nextFor, play, step } from './moments.ts'
import { go, route } from './route.ts'
import { wholeText } from './time.ts'

const speeds = [1, 5, 30, 200] as const
/** How many events before the present it begins, if the user has not gone back. */
const LOOK_BACK = 200

/** The slider through the log, below every screen. */
export function Slider() {
  const { live, shown } = usePage()
  const player = usePlayer()
  const { at, job, model } = route.value
  const last = live.version.value
  const here = at ?? last
  const slide = (to: number) => {
    player.stop()
    go({ at: to >= last ? null : to }, { isStep: true })
  }
  const toPresent = () => {
    player.stop()
    go({ at: null })
  }
  return (
    <footer class={shown.isLive.value ? 'slider' : 'slider past'}>
      <Steps player={player} />
      <input
        type="range"
        aria-label="Event number"
        aria-valuetext={`event ${here}`}
        min={live.first.value}
        max={last}
        value={here}
        onInput={(event) => slide(Number(event.currentTarget.value))}
      />
      <Moment last={last} />
      {job === null && model === null ? null : <Jumps job={job} model={model} here={here} />}
      <Speed speed={player.speed} />
      <Compare />
      <button type="button" class="present" disabled={at === null} onClick={toPresent}>
        {at === null ? 'Present' : 'To the present'}
      </button>
    </footer>
  )
}

interface Player {
  /** Ends it; null: the log does not go on by itself. */
  readonly playing: Signal<(() => void) | null>
  readonly speed: Signal<number>
  stop(): void
  toggle(): void
  /** So many events on, or back. */
  by(steps: number): void
}

/** Lets the log go on from the moment that is shown; by keys, too. */
function usePlayer(): Player {
  const { live } = usePage()
  const playing = useSignal<(() => void) | null>(null)
  const speed = useSignal<number>(5)
  const stop = () => {
    playing.peek()?.()
    playing.value = null
  }
  const toggle = () => {
    if (playing.peek() !== null) return stop()
    if (route.peek().at === null) go({ at: Math.max(live.first.peek(), live.version.peek() - LOOK_BACK) })
    playing.value = play(
      live,
      () => speed.peek(),
      () => (playing.value = null),
    )
  }
  const by = (steps: number) => {
    stop()
    step(live, steps)
  }
  useEffect(
    () =>
      addKeys([
        { key: ',', does: 'one event back', run: () => by(-1) },
        { key: '.', does: 'one event forward', run: () => by(1) },
        { key: ' ', does: 'play the log from here, or stop', run: toggle },
      ]),
    [live],
  )
  return { playing, speed, stop, toggle, by }
}

function Steps({ player: { playing, toggle, by } }: { readonly player: Player }) {
  const isPlaying = playing.value !== null
  return (
    <div class="steps">
      <button type="button" title="One event back (,)" aria-label="One event back" onClick={() => by(-1)}>
        ‹
      </button>
      <button
        type="button"
        class="play"
        aria-pressed={isPlaying}
        aria-label={isPlaying ? 'Stop' : 'Play'}
        title="Play the log from here (space)"
        onClick={toggle}
      >
        {isPlaying ? '❚❚' : '▶'}
      </button>
      <button
        type="button"
        title="One event forward (.)"
        aria-label="One event forward"
        onClick={() => by(1)}
      >
        ›
      </button>
    </div>
  )
}

function Moment({ last }: { readonly last: number }) {
  const { version, lastAt } = usePage().shown.ledger.value
  return (
    <output class="moment">
      <b data-figure="at">{count(version)}</b>
      <span class="dim"> of {count(last)}</span>
      <span class="clock">{lastAt === 0 ? '' : wholeText(lastAt)}</span>
    </output>
  )
}

function Speed({ speed }: { readonly speed: Signal<number> }) {
  return (
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
      title="Compare this moment with another"
      onClick={() => go({ see: 'history', than: shown.ledger.peek().version })}
    >
      Compare
    </button>
  )
}
