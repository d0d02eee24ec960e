import './page.css'
import { effect, signal } from '@preact/signals'
import { render } from 'preact'
import type { MeDocument } from '../parts.ts'
import { ApiError } from './data/api.ts'
import { LiveQueue } from './data/live.ts'
import { signedIn } from './data/session.ts'
import { type PageContext, PageProvider } from './frame/context.ts'
import { Page } from './frame/page.tsx'
import { route } from './frame/route.ts'
import { shownOf } from './frame/shown.ts'

const page = signal<PageContext | null>(null)
const fault = signal<string | null>(null)

function App() {
  if (fault.value !== null) return <p class="alone notice">{fault.value}</p>
  if (page.value === null) return <p class="alone">Loading…</p>
  return (
    <PageProvider value={page.value} key={page.value.live.queue}>
      <Page />
    </PageProvider>
  )
}

/** The page follows one queue at a time. If the address names another one, everything begins again. */
function follow(me: MeDocument): void {
  let live: LiveQueue | undefined
  effect(() => {
    const { queue } = route.value
    const wanted = queue !== null && me.queues.includes(queue) ? queue : (me.queues[0] ?? 'default')
    if (live?.queue === wanted) return
    page.peek()?.shown.stop()
    live?.stop()
    live = new LiveQueue(wanted)
    page.value = { me, live, shown: shownOf(live) }
  })
}

const app = document.getElementById('app')
if (app !== null) render(<App />, app)

signedIn().then(follow, (error: unknown) => {
  const isOut = error instanceof ApiError && error.status === 401
  const text = error instanceof Error ? error.message : String(error)
  fault.value = isOut ? `You are not signed in: ${text}.` : `This page could not be loaded: ${text}.`
})
