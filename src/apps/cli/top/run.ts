import { commitBeside } from '../../../engine/coordinator/commit/commit-beside.ts'
import { endsAttempt, isInterlockError, type Ledger, type RecordedEvent } from '../../../engine/core/index.ts'
import { messageOf } from '../../../engine/events/index.ts'
import type { Submitted } from '../../../engine/store/index.ts'
import type { LiveView } from '../../../tools/operate/live-view.ts'
import { besideLog, type Look } from '../../../tools/operate/look.ts'
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
  readonly #view: LiveView
  #recent: RecordedEvent[] = []
  readonly #ended = new AbortController()
  #present: Present
  /** Why what is shown is old; null: it is not. */
  #trouble: string | null = null
  #chosen: string | null = null
  #message: readonly string[] = []
  #asked: ChosenLever | null = null
  /** The size of the window when it was drawn; empty: something has changed since. */
  #drawn = ''

  constructor(frame: Frame, view: LiveView, begin: Present) {
    this.#frame = frame
    this.#view = view
    this.#present = begin
  }

  get #ledger(): Ledger {
    return this.#present.ledger
  }

  async run(keys: Keyboard): Promise<void> {
    const { stdout } = this.#frame.surface
    const end = () => this.#ended.abort()
    this.#frame.signal.addEventListener('abort', end)
    const timers = [
      setInterval(() => this.#draw(), REDRAW_MS),
      setInterval(() => void this.#lookAround(), AROUND_MS),
    ]
    const watches = [
      this.#view.changes$.subscribe(({ events }) => this.#recent.push(...events)),
      this.#view.news$.subscribe(() => void this.#goOn()),
    ]
    const stop = keys.listen((key) => void this.press(key))
    stdout.write(SCREEN.begin)
    this.#draw(true)
    try {
      await this.#view.run(this.#ended.signal)
    } finally {
      for (const timer of timers) clearInterval(timer)
      for (const watch of watches) watch.unsubscribe()
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
    const says = previewOf(this.#ledger, chosen, this.#view.now())
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
    const { store, queue } = this.#view
    const beside = { store, queue, limit, ...this.#frame.by }
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

  /** What cannot be read or folded now stays as it was, and the screen says so. */
  async #goOn(): Promise<void> {
    try {
      const ledger = await this.#view.folded()
      this.#present = { ...this.#present, ledger }
      this.#trouble = this.#view.failure?.message ?? null
    } catch (error) {
      this.#trouble = messageOf(error)
    }
    this.#drawn = ''
  }

  /** What could not be read now stays as it was: the view says whether the database is there. */
  async #lookAround(): Promise<void> {
    try {
      const around = await aroundOf(this.#view, this.#ledger)
      this.#present = { ...this.#present, ...around }
      this.#drawn = ''
    } catch (error) {
      if (!isInterlockError(error)) throw error
    }
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

  #draw(now = false): void {
    const { stdout } = this.#frame.surface
    const { rows = 24 } = stdout
    const size = `${rows} ${this.#frame.columns}`
    // Durations grow by themselves: if anything runs, the screen is drawn again even without an event.
    if (!now && this.#drawn === size && this.#ledger.active.size === 0) return
    this.#drawn = size
    const time = this.#view.now()
    this.#recent = this.#recent.filter(({ at }) => at >= time - MINUTE)
    const rates = {
      started: this.#recent.filter(({ type }) => type === 'started').length,
      ended: this.#recent.filter(endsAttempt).length,
    }
    const old = this.#trouble === null ? [] : [`what you see is old: ${this.#trouble}`]
    const message = [...old, ...this.#message]
    const view = { ...this.#present, now: time, rates, chosen: this.#index(), message }
    const lines = topText(this.#frame, view, rows).slice(0, rows).map(asLine)
    stdout.write(`${SCREEN.home}${lines.join(`${REST.line}\n`)}${REST.line}${REST.screen}`)
  }
}

/** A queue at one moment, for one screen. */
export type Present = Look & { readonly submitted: Submitted }

export async function presentOf(view: LiveView): Promise<Present> {
  const ledger = await view.folded()
  return { ledger, ...(await aroundOf(view, ledger)), now: view.now() }
}

const aroundOf = async (
  { store, queue }: LiveView,
  ledger: Ledger,
): Promise<Omit<Present, 'ledger' | 'now'>> => ({
  submitted: await store.submitted(queue, 0),
  ...(await besideLog({ store, queue }, ledger)),
})
