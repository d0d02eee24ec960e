import { Presets, SingleBar } from 'cli-progress'
import { count, duration } from '../../../tools/format/index.ts'
import type { Step } from '../../../tools/history/index.ts'
import type { Stream } from './lines.ts'

/** The progress of a piece of work. Always on standard error. */
export interface Progress {
  update(done: number): void
  /** Removes it from the screen. You may call it twice. */
  stop(): void
}

/** What it needs of the frame of a command. */
interface Shows {
  readonly surface: { readonly stderr: Stream }
  readonly signal: AbortSignal
  note(text: string): void
}

/** Work that takes less time needs no progress. */
const QUIET_MS = 2_000
const LINE_EVERY_MS = 5_000
const FRAME_EVERY_MS = 100

/** A bar with rate and time left on a terminal, a line every 5 s elsewhere. Nothing for short work. */
export function progressOf(frame: Shows, label: string, total: number): Progress {
  const { stderr } = frame.surface
  return stderr.isTTY === true && stderr === process.stderr
    ? new BarProgress(label, total, frame.signal)
    : new LineProgress((text) => frame.note(text), label, total)
}

/** Shows the steps of the work under way, each kind of work on a line of its own. */
export function progressIn(frame: Shows): (step: Step) => void {
  const shown = new Map<string, Progress>()
  return ({ what, done, total, isOver }) => {
    const progress = shown.get(what) ?? progressOf(frame, what, total)
    shown.set(what, progress)
    progress.update(done)
    if (!isOver) return
    progress.stop()
    shown.delete(what)
  }
}

/** Jobs per second, and how long the rest takes at that rate. */
function pace(
  startedAt: number,
  done: number,
  total: number,
): { readonly rate: string; readonly rest: string } {
  const seconds = (performance.now() - startedAt) / 1_000
  const rate = done / Math.max(seconds, 0.001)
  return {
    rate: rate >= 10 ? count(Math.round(rate)) : rate.toFixed(1),
    rest: done === 0 ? '—' : duration(((total - done) / rate) * 1_000),
  }
}

class BarProgress implements Progress {
  readonly #startedAt = performance.now()
  readonly #label: string
  readonly #total: number
  readonly #bar: SingleBar
  #done = 0
  #timer: NodeJS.Timeout

  /** @param signal removes the bar at once, because a message takes its place */
  constructor(label: string, total: number, signal: AbortSignal) {
    this.#label = label
    this.#total = total
    const format = '{label} {bar} {done}/{all}  {rate}/s  {rest} left'
    this.#bar = new SingleBar(
      {
        format,
        barsize: 24,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
        gracefulExit: false,
      },
      Presets.shades_classic,
    )
    this.#timer = setTimeout(() => this.#show(), QUIET_MS)
    signal.addEventListener('abort', () => this.stop(), { once: true })
  }

  update(done: number): void {
    this.#done = done
  }

  stop(): void {
    clearTimeout(this.#timer)
    // A second call would draw the bar once more.
    if (this.#bar.isActive) this.#bar.stop()
  }

  #show(): void {
    this.#bar.start(this.#total, this.#done, this.#payload())
    this.#timer = setInterval(() => this.#bar.update(this.#done, this.#payload()), FRAME_EVERY_MS)
  }

  #payload() {
    const { rate, rest } = pace(this.#startedAt, this.#done, this.#total)
    return { label: this.#label, done: count(this.#done), all: count(this.#total), rate, rest }
  }
}

class LineProgress implements Progress {
  readonly #startedAt = performance.now()
  readonly #timer: NodeJS.Timeout
  #done = 0

  constructor(note: (text: string) => void, label: string, total: number) {
    this.#timer = setInterval(() => {
      const { rate, rest } = pace(this.#startedAt, this.#done, total)
      note(`${label} ${count(this.#done)}/${count(total)}  ${rate}/s  ${rest} left`)
    }, LINE_EVERY_MS)
  }

  update(done: number): void {
    this.#done = done
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
