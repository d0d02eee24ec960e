import { effect, signal } from '@preact/signals'
import { render } from 'preact'
import type { MeDocument } from '../api/queue-documents.ts'
import { ApiError, getJson, postJson } from './data/api.ts'
import { LiveQueue } from './data/live.ts'
import { type PageContext, PageProvider } from './frame/context.ts'
import { Page } from './frame/page.tsx'
import { route } from './frame/route.ts'
import { shownOf } from './frame/shown.ts'
import './page.css'

const page = signal<PageContext | null>(null)
const fault = signal<ApiError | null>(null)
/** The address names a queue that there is not, or that this user does not see; and those that there are. */
const unknown = signal<{ readonly queue: string; readonly queues: readonly string[] } | null>(null)
/** Ends the rest before the next try. */
let tryNow = () => {}

function App() {
  if (unknown.value !== null) return <Unknown {...unknown.value} />
  if (page.value === null) return <Alone />
  return (
    <PageProvider value={page.value} key={page.value.live.queue}>
      <Page />
    </PageProvider>
  )
}

/** It shows no other queue in its place, whose levers somebody might pull. */
const Unknown = ({ queue, queues }: { readonly queue: string; readonly queues: readonly string[] }) => (
  <div class="alone" role="alert" data-load="unknown">
    <p class="warn">There is no queue {queue} that you may see.</p>
    <p>
      {queues.length === 0 ? 'You may see none.' : 'These you may see: '}
      {queues.map((name) => (
        <a key={name} href={`./?queue=${encodeURIComponent(name)}`} data-queue={name}>
          {name}{' '}
        </a>
      ))}
    </p>
  </div>
)

/** Before the page knows who looks. */
function Alone() {
  if (fault.value === null)
    return (
      <p class="alone" role="status" data-load="loading">
        Loading…
      </p>
    )
  const { status, message } = fault.value
  return (
    <div class="alone" role="alert" data-load="failed">
      <p class="warn">
        {isOut(status) ? 'You are not signed in' : 'The queues cannot be read now'}: {message}.
      </p>
      {isOut(status) ? null : (
        <p>
          This page tries again by itself.{' '}
          <button type="button" onClick={() => tryNow()}>
            Try now
          </button>
        </p>
      )}
    </div>
  )
}

const isOut = (status: number): boolean => status === 401 || status === 403

/** The page follows one queue at a time. If the address names another one, everything begins again. */
function follow(me: MeDocument): void {
  let live: LiveQueue | undefined
  effect(() => {
    const { queue } = route.value
    const isKnown = queue === null || me.queues.includes(queue)
    unknown.value = isKnown ? null : { queue, queues: me.queues }
    const wanted = isKnown ? (queue ?? me.queues[0] ?? 'default') : null
    if (wanted === null || live?.queue === wanted) return
    page.peek()?.shown.stop()
    live?.stop()
    live = new LiveQueue(wanted)
    page.value = { me, live, shown: shownOf(live) }
  })
}

const app = document.getElementById('app')
if (app !== null) render(<App />, app)

/** In milliseconds: the first rest between two tries, and the longest. */
const REST = { first: 500, longest: 5_000 }

async function begin(): Promise<void> {
  for (let failed = 0; ; failed++) {
    try {
      return follow(await signedIn())
    } catch (error) {
      fault.value = error instanceof ApiError ? error : new ApiError(500, 'failed', String(error))
      if (isOut(fault.value.status)) return
      await new Promise<void>((resolve) => {
        tryNow = resolve
        setTimeout(resolve, Math.min(REST.first * 2 ** failed, REST.longest))
      })
    }
  }
}

/** Of the address, until the server has taken it. */
let token: string | null = null

/**
 * The user of this page. If the address has a token in its fragment, exchanges it for a cookie first and removes it from the
 * address: browsers keep addresses in their history, and the token is used up.
 * @throws ApiError 401 if the user is not signed in, or no longer; whatever else it throws may be over soon: call it again
 */
async function signedIn(): Promise<MeDocument> {
  const given = location.hash.slice(1)
  if (/^[\w-]{43}$/.test(given)) {
    token = given
    history.replaceState(history.state, '', `${location.pathname}${location.search}`)
  }
  if (token !== null) {
    try {
      await postJson('session', { token })
    } catch (error) {
      // The token was used before, perhaps by this browser, which then has its cookie.
      if (!(error instanceof ApiError) || error.status !== 401) throw error
    }
    token = null
  }
  return getJson<MeDocument>('api/me')
}

void begin()
