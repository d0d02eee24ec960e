import { useEffect, useRef } from 'preact/hooks'
import { usePage } from './context.ts'
import { Link } from './link.tsx'
import { go, route, type Screen } from './route.ts'
import { screens } from './screens.ts'
import { Search } from './search.tsx'
import { nextTheme, theme } from './theme.ts'
import { seconds, wholeText } from './time.ts'

export function Header({ onHelp }: { readonly onHelp: () => void }) {
  const { me, live } = usePage()
  const nav = useRef<HTMLElement>(null)
  const { see: seen } = route.value
  // Where it is too narrow for all, the one that is shown is in sight.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [seen])
  return (
    <header>
      <strong class="brand">
        <Dot />
        <span class="name">Interlock</span>
      </strong>
      <Where />
      <nav aria-label="Screens" ref={nav}>
        {Object.entries(screens).map(([see, { name, key }]) => (
          <Link
            key={see}
            to={{ see: see as Screen }}
            title={`${name} (${key})`}
            aria-current={seen === see ? 'page' : undefined}
          >
            {name}
          </Link>
        ))}
      </nav>
      <Search />
      <Clock />
      <div class="tools">
        <button
          type="button"
          aria-pressed={live.isPaused.value}
          title="Hold the display, or go on (p)"
          onClick={() => (live.isPaused.value = !live.isPaused.value)}
        >
          {live.isPaused.value ? 'Go on' : 'Hold'}
        </button>
        <button type="button" title="Light or dark (t)" onClick={nextTheme}>
          {theme.value === 'system' ? 'Auto' : theme.value === 'light' ? 'Light' : 'Dark'}
        </button>
        <button type="button" title="Keys (?)" aria-label="Keys" onClick={onHelp}>
          ?
        </button>
        <span class="who dim" title={`${me.role}, ${me.store}`}>
          {me.actor}
        </span>
      </div>
    </header>
  )
}

const words = { green: 'healthy', unknown: 'unknown', amber: 'needs a look', red: 'not healthy' } as const

/** How healthy the queue is, on every screen. */
function Dot() {
  const { live } = usePage()
  const isOld = live.notice.value !== null
  const level = isOld ? 'unknown' : (live.health.value?.level ?? 'unknown')
  const says = live.isPaused.value ? 'the display is held' : isOld ? 'not up to date' : words[level]
  return (
    <span
      class={`dot ${live.isPaused.value ? 'held' : isOld ? 'old' : level}`}
      data-level={level}
      title={says}
    >
      <span class="hidden">{says}</span>
    </span>
  )
}

/** Which queue this is, and where. */
function Where() {
  const { me, live } = usePage()
  return (
    <span class="where" title={me.store}>
      {me.queues.length < 2 ? (
        <b data-queue={live.queue}>{live.queue}</b>
      ) : (
        <select
          aria-label="Queue"
          data-queue={live.queue}
          value={live.queue}
          onChange={(event) => go({ queue: event.currentTarget.value, at: null, than: null })}
        >
          {me.queues.map((queue) => (
            <option key={queue} value={queue}>
              {queue}
            </option>
          ))}
        </select>
      )}
      <span class={me.environment === null ? 'dim' : 'environment'} data-environment>
        {me.environment ?? me.store.replace(/^\w+:(\/\/)?/, '')}
      </span>
    </span>
  )
}

/** The database's clock, in the user's time zone. */
function Clock() {
  const { live } = usePage()
  void seconds.value
  return (
    <time class="clock dim" title="The clock of the database, in your time zone">
      {wholeText(live.now())}
    </time>
  )
}
