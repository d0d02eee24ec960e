import { computed, signal } from '@preact/signals'

/** Screens, by their names in an address. */
export const screens = ['now', 'why', 'history', 'list', 'what-if', 'proof', 'levers'] as const
export type Screen = (typeof screens)[number]

/** Where the addresses of former screens lead, and with which words before their search. */
const former: Readonly<Record<string, readonly [Screen, words: string]>> = {
  time: ['history', ''],
  figures: ['history', ''],
  jobs: ['list', ''],
  dead: ['list', 'dead '],
  log: ['list', 'events '],
}

/** What the page shows. All of it is in the address, so that you can send it to somebody. */
export interface Route {
  readonly queue: string | null
  readonly see: Screen
  /** The job or model to look at. */
  readonly job: string | null
  readonly model: string | null
  /** The number of the moment to look at; null: the present. */
  readonly at: number | null
  /** The number of another moment, to compare it with. */
  readonly than: number | null
  /** The text to search for on the screen. */
  readonly q: string | null
}

const current = signal(read())
addEventListener('popstate', () => {
  current.value = read()
})

function read(): Route {
  const query = new URLSearchParams(location.search)
  const name = query.get('see') ?? 'now'
  const [see, words] = former[name] ?? [screens.find((screen) => screen === name) ?? 'now', '']
  return {
    queue: query.get('queue'),
    see,
    job: query.get('job'),
    model: query.get('model'),
    at: numberIn(query.get('at')),
    than: numberIn(query.get('than')),
    q: `${words}${query.get('q') ?? ''}` || null,
  }
}

function numberIn(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null
}

export const route = computed(() => current.value)

/** The address for a change. Fields that are not given stay, except those that belong to the screen it leaves. */
export function addressOf(to: Partial<Route>): string {
  const isElsewhere = to.see !== undefined && to.see !== current.value.see
  const next = {
    ...current.value,
    ...(isElsewhere ? { job: null, model: null, than: null, q: null } : {}),
    ...to,
  }
  const query = new URLSearchParams()
  for (const key of ['queue', 'see', 'job', 'model', 'at', 'than', 'q'] as const) {
    const value = next[key]
    if (value !== null && value !== '' && !(key === 'see' && value === 'now')) query.set(key, String(value))
  }
  const text = query.toString()
  return text === '' ? './' : `./?${text}`
}

/** Goes there. @param isStep true for a small step (sliding, for example), which the Back button skips */
export function go(to: Partial<Route>, { isStep = false } = {}): void {
  const address = addressOf(to)
  if (isStep) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  current.value = read()
}
