import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { isMeter, plainName } from '../../../../engine/core/index.ts'
import type { LiveQueue } from '../data/live.ts'
import { usePage } from './context.ts'
import { addKeys } from './keys.ts'
import { Link } from './link.tsx'
import type { Route } from './route.ts'
import type { Shown } from './shown.ts'

interface FoundName {
  readonly what: 'job' | 'model' | 'worker' | 'look for this job'
  readonly name: string
  readonly to: Partial<Route>
}

const MOST = 12

/** Jobs, models and workers whose name contains this text. Those that begin with it come first. */
function search(live: LiveQueue, shown: Shown, text: string): readonly FoundName[] {
  const wanted = text.toLowerCase()
  if (wanted === '') return []
  const ledger = shown.ledger.peek()
  const found: FoundName[] = []
  const has = (name: string) => name.toLowerCase().includes(wanted)
  for (const name of [...ledger.models].map(({ model }) => plainName(model)))
    if (!isMeter(name) && has(name)) found.push({ what: 'model', name, to: { see: 'history', model: name } })
  for (const { workerId } of live.workers.peek() ?? [])
    if (has(workerId))
      found.push({ what: 'worker', name: workerId, to: { see: 'list', q: `events ${workerId}` } })
  for (const { jobId } of ledger.jobs) {
    if (has(jobId)) found.push({ what: 'job', name: jobId, to: { see: 'why', job: jobId } })
    if (found.length > 500) break
  }
  const rank = ({ name }: FoundName) => (name === text ? 0 : name.toLowerCase().startsWith(wanted) ? 1 : 2)
  const sorted = found.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1)).slice(0, MOST)
  // Here are only live jobs: of one that has ended Why asks the server.
  if (!sorted.some(({ what, name }) => what === 'job' && name === text))
    sorted.push({ what: 'look for this job', name: text, to: { see: 'why', job: text } })
  return sorted
}

export function Search() {
  const { live, shown } = usePage()
  const text = useSignal('')
  const input = useRef<HTMLInputElement>(null)
  const box = useRef<HTMLElement>(null)
  useEffect(() => addKeys([{ key: '/', does: 'search', run: () => input.current?.focus() }]), [])
  const found = search(live, shown, text.value)
  const close = () => {
    text.value = ''
  }
  const move = (by: 1 | -1) => {
    const links = [...(box.current?.querySelectorAll<HTMLElement>('a') ?? [])]
    const at = links.indexOf(document.activeElement as HTMLElement)
    const next = at + by < 0 ? input.current : links[at + by]
    next?.focus()
  }
  return (
    <search
      class="search"
      ref={box}
      onKeyDown={(event) => {
        if (event.key === 'Escape') close()
        else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          event.preventDefault()
          move(event.key === 'ArrowDown' ? 1 : -1)
        } else if (event.key === 'Enter' && event.target === input.current)
          box.current?.querySelector('a')?.click()
      }}
    >
      <input
        ref={input}
        type="search"
        placeholder="Search  /"
        aria-label="Search jobs, models and workers"
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      {found.length === 0 ? null : (
        <ul>
          {found.map(({ what, name, to }) => (
            <li key={`${what} ${name}`} onClick={close} onKeyUp={(event) => event.key === 'Enter' && close()}>
              <Link to={to}>
                <span>{name}</span>
                <span class="dim">{what}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </search>
  )
}
