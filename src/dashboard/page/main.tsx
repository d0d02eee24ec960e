import './page.css'
import { effect, signal } from '@preact/signals'
import { render } from 'preact'
import type { MeDocument } from '../parts.ts'
import { ApiError } from './data/api.ts'
import { type Live, liveQueue } from './data/live.ts'
import { signedIn } from './data/session.ts'
import { type Desk, DeskProvider } from './frame/context.ts'
import { Page } from './frame/page.tsx'
import { route } from './frame/route.ts'
import { shownOf } from './frame/shown.ts'

const desk = signal<Desk | null>(null)
const fault = signal<string | null>(null)

function App() {
  if (fault.value !== null) return <p class="alone notice">{fault.value}</p>
  if (desk.value === null) return <p class="alone">Loading…</p>
  return (
    <DeskProvider value={desk.value} key={desk.value.live.queue}>
      <Page />
    </DeskProvider>
  )
}

/** The page follows one queue at a time. If the address names another one, everything begins again. */
function follow(me: MeDocument): void {
  let live: Live | undefined
  effect(() => {
    const { queue } = route.value
    const wanted = queue !== null && me.queues.includes(queue) ? queue : (me.queues[0] ?? 'default')
    if (live?.queue === wanted) return
    desk.peek()?.shown.stop()
    live?.stop()
    live = liveQueue(wanted)
    desk.value = { me, live, shown: shownOf(live) }
  })
}

const app = document.getElementById('app')
if (app !== null) render(<App />, app)

signedIn().then(follow, (error: unknown) => {
  const isOut = error instanceof ApiError && error.status === 401
  const text = error instanceof Error ? error.message : String(error)
  fault.value = isOut ? `You are not signed in: ${text}.` : `This page could not be loaded: ${text}.`
})
