import { commitBeside } from '../../../engine/coordinator/commit/commit-beside.ts'
import {
  endsAttempt,
  fold,
  isInterlockError,
  type Ledger,
  type RecordedEvent,
} from '../../../engine/core/index.ts'
import { messageOf } from '../../../engine/events/index.ts'
import type { LogStore, Submitted } from '../../../engine/store/index.ts'
import { opened } from '../../../tools/history/access.ts'
import { type Access, followEvents } from '../../../tools/history/index.ts'
import { type Look, lookOf } from '../../../tools/operate/look.ts'
import type { Frame, Keyboard } from '../frame.ts'
import { asLine } from '../terminal/lines.ts'
import { type ChosenLever, chosenLeverOf, previewOf } from './levers.ts'
import { topText } from './view.ts'

/** The terminal cuts lines that are wider than the window. Wrapped lines would push the first ones out of it. */
const SCREEN = {
  begin: '\u001b[?1049h\u001b[?25l\u001b[?7l',
  end: '\u001b[?7h\u001b[?25h\u001b[?1049l',
  home: '\u001b[H',
}
/** Clears the rest of a line, or of the screen. */
const REST = { line: '\u001b[K', screen: '\u001b[J' }
const REDRAW_MS = 200
/** How often to look for what the log does not say: the processes, and what is not in line. */
const AROUND_MS = 2_000
const PATIENCE_MS = 5_000
const MINUTE = 60_000_000

/** The live queue on the terminal, with keys for the levers, until `q` or Ctrl-C. */
export class Top {
  readonly #frame: Frame
  readonly #store: LogStore
  readonly #recent: RecordedEvent[] = []
  readonly #ended = new AbortController()
  #ledger: Ledger
  #chosen: string | null = null
  #message: readonly string[] = []
  #asked: ChosenLever | null = null
  readonly #clock: { readonly now: number; readonly at: number }
  /** The size of the window when it was drawn; empty: something has changed since. */
  #drawn = ''
  #around: BesideLog

  constructor(frame: Frame, store: LogStore, begin: Present) {
    this.#frame = frame
    this.#store = store
    this.#ledger = begin.ledger
    this.#around = begin
    this.#clock = { now: begin.now, at: begin.readAt }
  }

  async run(keys: Keyboard): Promise<void> {
    const { stdout } = this.#frame.surface
    const end = () => this.#ended.abort()
    this.#frame.signal.addEventListener('abort', end)
    const timers = [
      setInterval(() => this.#draw(), REDRAW_MS),
      setInterval(() => void this.#lookAround(), AROUND_MS),
    ]
    const stop = keys.listen((key) => void this.press(key))
    stdout.write(SCREEN.begin)
    this.#draw(true)
    try {
      const access: Access = { store: this.#store, queue: this.#frame.queue, signal: this.#ended.signal }
      for await (const event of followEvents(access, { after: this.#ledger.version })) this.#take(event)
    } finally {
      for (const timer of timers) clearInterval(timer)
      this.#frame.signal.removeEventListener('abort', end)
      stop()
      stdout.write(SCREEN.end)
    }
  }

  /** Handles a key, in the form in which the terminal sends it. */
  async press(key: string): Promise<void> {
    this.#drawn = ''
    if (this.#asked !== null && key !== 'P') return this.#answer(this.#asked, key)
    if (key === 'q' || key === '\u0003') return this.#ended.abort()
    if (key === '\u001b[A' || key === 'k') return this.#choose(-1)
    if (key === '\u001b[B' || key === 'j') return this.#choose(1)
    const index = this.#index()
    const jobId = this.#ledger.line.at(index)?.jobId ?? null
    const chosen = chosenLeverOf(key, { ledger: this.#ledger, jobId, index, asked: this.#asked })
    this.#asked = chosen
    this.#message = chosen === null ? [] : this.#ask(chosen)
    this.#draw(true)
  }

  #ask(chosen: ChosenLever): readonly string[] {
    const says = previewOf(this.#ledger, chosen, this.#now())
    return [
      `${chosen.title}? it will add to the log:`,
      ...says.slice(0, 4).map((line) => `  ${line}`),
      `y: yes, ${chosen.place === undefined ? '' : 'P: the next place, '}any other key: no`,
    ]
  }

  async #answer(chosen: ChosenLever, key: string): Promise<void> {
    this.#asked = null
    this.#message = key === 'y' ? [`${chosen.title} …`] : []
    this.#draw(true)
    if (key !== 'y') return
    const limit = { forMs: PATIENCE_MS, signal: this.#ended.signal }
    const beside = { store: this.#store, queue: this.#frame.queue, limit, ...this.#frame.by }
    try {
      const { isChanged } = await commitBeside(beside, [chosen.body])
      this.#message = [isChanged ? `${chosen.title}: done` : 'nothing changed: it was already so']
    } catch (error) {
      this.#message = [
        isInterlockError(error) ? `refused (${error.code}): ${error.message}` : messageOf(error),
      ]
    }
    this.#drawn = ''
  }

  /** What could not be read now stays as it was: the events say whether the database is there. */
  async #lookAround(): Promise<void> {
    try {
      this.#around = await aroundOf(this.#store, this.#frame.queue)
      this.#drawn = ''
    } catch (error) {
      if (!isInterlockError(error)) throw error
    }
  }

  #take(event: RecordedEvent): void {
    this.#ledger = fold(this.#ledger, [event]).ledger
    this.#recent.push(event)
    const since = this.#now() - MINUTE
    let old = 0
    while ((this.#recent[old]?.at ?? since) < since) old++
    this.#recent.splice(0, old)
    this.#drawn = ''
  }

  /** The chosen job stays chosen wherever it moves. If it is gone, the first one is chosen. */
  #index(): number {
    const job =
      this.#chosen === null
        ? undefined
        : [...this.#ledger.line].findIndex(({ jobId }) => jobId === this.#chosen)
    return job === undefined || job < 0 ? 0 : job
  }

  #choose(by: 1 | -1): void {
    const next = Math.max(0, Math.min(this.#ledger.line.size - 1, this.#index() + by))
    this.#chosen = this.#ledger.line.at(next)?.jobId ?? null
    this.#draw(true)
  }

  /** By the database's clock; never before the last event, which another server may have timed. */
  #now(): number {
    const now = Math.round(this.#clock.now + (performance.now() - this.#clock.at) * 1_000)
    return Math.max(now, this.#ledger.lastAt)
  }

  #draw(now = false): void {
    const { stdout } = this.#frame.surface
    const { rows = 24 } = stdout
    const size = `${rows} ${this.#frame.columns}`
    // Durations grow by themselves: if anything runs, the screen is drawn again even without an event.
    if (!now && this.#drawn === size && this.#ledger.active.size === 0) return
    this.#drawn = size
    const rates = {
      started: this.#recent.filter(({ type }) => type === 'started').length,
      ended: this.#recent.filter(endsAttempt).length,
    }
    const view = {
      ...this.#around,
      ledger: this.#ledger,
      now: this.#now(),
      rates,
      chosen: this.#index(),
      message: this.#message,
    }
    const lines = topText(this.#frame, view, rows).slice(0, rows).map(asLine)
    stdout.write(`${SCREEN.home}${lines.join(`${REST.line}\n`)}${REST.line}${REST.screen}`)
  }
}

/** What the log does not say. */
interface BesideLog {
  readonly workers: Look['workers']
  readonly submitted: Submitted
  readonly ending: ReadonlySet<string>
}

/** A queue at one moment, for one screen. */
export type Present = Look &
  BesideLog & {
    /** When `now` was read, by the clock of this process: what was read after it may have taken long. */
    readonly readAt: number
  }

export async function presentOf(access: Access): Promise<Present> {
  const { store, queue, ...rest } = opened(access)
  const head = await store.read(queue, 0, 1)
  const readAt = performance.now()
  const submitted = await store.submitted(queue, 0)
  return { ...(await lookOf({ store, queue, ...rest }, head)), submitted, readAt }
}

const aroundOf = async (store: LogStore, queue: string): Promise<BesideLog> => ({
  ending: new Set(await store.committedEnds(queue)),
  submitted: await store.submitted(queue, 0),
  workers: await store.workers(queue),
})
