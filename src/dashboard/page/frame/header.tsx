import { useEffect, useRef } from 'preact/hooks'
import { usePage } from './context.ts'
import { Link } from './link.tsx'
import { go, route, type Screen } from './route.ts'
import { screens } from './screens.ts'
import { Search } from './search.tsx'
import { nextTheme, theme } from './theme.ts'

export function Header({ onHelp }: { readonly onHelp: () => void }) {
  const { me, live } = usePage()
  const nav = useRef<HTMLElement>(null)
  const { see: seen } = route.value
  // Where it is too narrow for all, the one that is shown is in sight.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [seen])
  const state = live.isPaused.value ? 'held' : live.notice.value === null ? 'live' : 'old'
  return (
    <header>
      <strong class="brand">
        <span class={`dot ${state}`} aria-hidden="true" />
        Interlock
      </strong>
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
      <div class="tools">
        {me.queues.length < 2 ? null : (
          <label>
            <span class="hidden">Queue</span>
            <select
              value={live.queue}
              onChange={(event) => go({ queue: event.currentTarget.value, at: null, than: null })}
            >
              {me.queues.map((queue) => (
                <option key={queue} value={queue}>
                  {queue}
                </option>
              ))}
            </select>
          </label>
        )}
        <button
          type="button"
          aria-pressed={live.isPaused.value}
          title="Pause the display, or go on (p)"
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
