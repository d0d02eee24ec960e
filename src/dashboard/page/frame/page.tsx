import type { FunctionComponent } from 'preact'
import { useEffect, useErrorBoundary, useRef } from 'preact/hooks'
import { count } from '../../../format/index.ts'
import { Now } from '../screen/now.tsx'
import { useDesk } from './context.ts'
import { addKeys, keys } from './keys.ts'
import { Link } from './link.tsx'
import { go, route, type Screen } from './route.ts'
import { nextTheme, theme } from './theme.ts'
import { clockText } from './time.ts'

/** Each screen, its key and its name. */
const screens: Readonly<
  Record<Screen, { readonly name: string; readonly key: string; readonly screen: FunctionComponent }>
> = {
  now: { name: 'Now', key: '1', screen: Now },
}

/** What stands around every screen. */
export function Page() {
  const { live, shown } = useDesk()
  const help = useRef<HTMLDialogElement>(null)
  useEffect(
    () =>
      addKeys([
        ...Object.entries(screens).map(([see, { key, name }]) => ({
          key,
          does: name,
          run: () => go({ see: see as Screen }),
        })),
        { key: 'p', does: 'pause, and go on', run: () => (live.isPaused.value = !live.isPaused.value) },
        { key: 'l', does: 'back to the present', run: () => go({ at: null }) },
        { key: 't', does: 'light or dark', run: nextTheme },
        { key: '?', does: 'the keys', run: () => help.current?.showModal() },
      ]),
    [live],
  )
  const { screen: Screen } = screens[route.value.see]
  return (
    <>
      <a class="skip" href="#main">
        To the screen
      </a>
      <Header />
      <Notices />
      <main id="main" tabIndex={-1}>
        {live.isLoaded.value ? <Guarded screen={Screen} /> : <p class="none">Loading…</p>}
      </main>
      {shown.isLive.value ? null : <PastBar />}
      <dialog ref={help} aria-labelledby="keys">
        <Keys onClose={() => help.current?.close()} />
      </dialog>
    </>
  )
}

function Header() {
  const { me, live } = useDesk()
  return (
    <header>
      <strong class="brand">Interlock</strong>
      <nav aria-label="Screens">
        {Object.entries(screens).map(([see, { name }]) => (
          <Link
            key={see}
            to={{ see: see as Screen }}
            aria-current={route.value.see === see ? 'page' : undefined}
          >
            {name}
          </Link>
        ))}
      </nav>
      <label>
        <span class="hidden">Queue</span>
        <select value={live.queue} onChange={(event) => go({ queue: event.currentTarget.value, at: null })}>
          {me.queues.map((queue) => (
            <option key={queue} value={queue}>
              {queue}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        aria-pressed={live.isPaused.value}
        onClick={() => (live.isPaused.value = !live.isPaused.value)}
      >
        {live.isPaused.value ? 'Go on' : 'Pause'}
      </button>
      <button type="button" onClick={nextTheme}>
        Theme: {theme.value}
      </button>
      <span class="dim" title={me.store}>
        {me.actor} ({me.role})
      </span>
    </header>
  )
}

/** What keeps the page from the present. */
function Notices() {
  const { live, shown } = useDesk()
  const notice = live.notice.value
  return (
    <div role="status" aria-live="polite">
      {notice === null ? null : (
        <p class="notice" data-notice={notice.code}>
          Not up to date: {notice.message}
        </p>
      )}
      {shown.fault.value === null ? null : <p class="notice">{shown.fault.value}</p>}
    </div>
  )
}

function Keys({ onClose }: { readonly onClose: () => void }) {
  return (
    <>
      <h2 id="keys">Keys</h2>
      <dl>
        {keys.value.map(({ key, does }) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </>
  )
}

function PastBar() {
  const { shown } = useDesk()
  return (
    <footer class="past">
      <span>
        As it was after event {count(shown.ledger.value.version)}, at {clockText(shown.ledger.value.lastAt)}
      </span>
      <Link to={{ at: null }}>Back to the present</Link>
    </footer>
  )
}

/** A screen that fails takes nothing else with it. */
function Guarded({ screen: Screen }: { readonly screen: FunctionComponent }) {
  const [error, reset] = useErrorBoundary()
  if (error === undefined) return <Screen />
  return (
    <p class="notice">
      This screen has failed: {error instanceof Error ? error.message : String(error)}{' '}
      <button type="button" onClick={reset}>
        Try again
      </button>
    </p>
  )
}
