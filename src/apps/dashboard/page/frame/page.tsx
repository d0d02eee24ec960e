import type { FunctionComponent } from 'preact'
import { useEffect, useErrorBoundary, useRef } from 'preact/hooks'
import { undoable } from '../data/levers.ts'
import { Ask, Undo } from './ask.tsx'
import { usePage } from './context.ts'
import { Header } from './header.tsx'
import { addKeys, keys } from './keys.ts'
import { go, route, type Screen } from './route.ts'
import { screens } from './screens.ts'
import { Slider } from './slider.tsx'
import { nextTheme } from './theme.ts'
import { localText } from './time.ts'

/** The frame around every screen. */
export function Page() {
  const { live } = usePage()
  const help = useRef<HTMLDialogElement>(null)
  useEffect(
    () =>
      addKeys([
        ...Object.entries(screens).map(([see, { key, name }]) => ({
          key,
          does: name,
          run: () => go({ see: see as Screen }),
        })),
        {
          key: 'p',
          does: 'hold the display, or go on',
          run: () => (live.isPaused.value = !live.isPaused.value),
        },
        { key: 'l', does: 'back to the present', run: () => go({ at: null }) },
        { key: 't', does: 'light or dark', run: nextTheme },
        { key: '?', does: 'this list of keys', run: () => help.current?.showModal() },
      ]),
    [live],
  )
  const { see } = route.value
  const { screen: Screen, name } = screens[see]
  useEffect(() => {
    document.title = `${name} · ${live.queue} · Interlock`
  }, [name, live])
  return (
    <>
      <a class="skip" href="#main">
        To the screen
      </a>
      <Header onHelp={() => help.current?.showModal()} />
      <Notices />
      <main id="main" tabIndex={-1}>
        <h1 class="hidden">{name}</h1>
        {live.isLoaded.value ? <Guarded key={see} screen={Screen} /> : <NotYet />}
      </main>
      {live.isLoaded.value ? <Slider /> : null}
      <Ask />
      <dialog ref={help} aria-labelledby="keys">
        <Keys onClose={() => help.current?.close()} />
      </dialog>
    </>
  )
}

/** The queue is on its way. */
function NotYet() {
  const isAway = usePage().live.notice.value !== null
  return (
    <p class="none" role="status" data-load={isAway ? 'failed' : 'loading'}>
      {isAway ? 'The queue could not be read yet. This page tries again by itself.' : 'Loading…'}
    </p>
  )
}

/** Why the page does not show the present, and what was just done. */
function Notices() {
  const { live, shown } = usePage()
  const notice = live.notice.value
  return (
    <div role="status" aria-live="polite">
      {notice === null ? null : (
        <p class="notice" data-notice={notice.code}>
          Not up to date: {localText(notice.message)}
        </p>
      )}
      {shown.fault.value === null ? null : <p class="notice">{shown.fault.value}</p>}
      <JustDone />
    </div>
  )
}

/** What was just done can be put back, also once its dialog is closed. */
function JustDone() {
  const { live, shown } = usePage()
  const last = undoable.value
  if (last?.queue !== live.queue || !shown.isLive.value) return null
  return (
    <p class="notice done row" data-done>
      Done: {last.title}. <Undo />
      <button type="button" onClick={() => (undoable.value = null)}>
        Close
      </button>
    </p>
  )
}

function Keys({ onClose }: { readonly onClose: () => void }) {
  return (
    <>
      <h2 id="keys">Keys</h2>
      <dl class="keys">
        {keys.value.map(({ key, does }) => (
          <div key={key}>
            <dt>
              <kbd>{key === ' ' ? 'space' : key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </>
  )
}

/** A screen that throws does not take the rest of the page with it. */
function Guarded({ screen: Screen }: { readonly screen: FunctionComponent }) {
  const [error, reset] = useErrorBoundary()
  if (error === undefined) return <Screen />
  return (
    <p class="notice" data-failed>
      This screen has failed: {error instanceof Error ? error.message : String(error)}{' '}
      <button type="button" onClick={reset}>
        Try again
      </button>
    </p>
  )
}
