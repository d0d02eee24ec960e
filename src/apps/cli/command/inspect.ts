import { invalidInput, type RecordedEvent } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { plural } from '../../../tools/format/index.ts'
import { opened } from '../../../tools/history/access.ts'
import { orCut } from '../../../tools/history/fold.ts'
import { followEvents, ledgerAt, readEvents } from '../../../tools/history/index.ts'
import { beginningAt, endingAt } from '../../../tools/history/log-point.ts'
import type { Cli } from '../cli.ts'
import { speedOf, wholeNumber } from '../flag-value.ts'
import type { Frame } from '../frame.ts'
import type { InspectedQueue } from '../inspect/inspected.ts'
import type { Relay } from '../inspect/relay.ts'
import { Pace } from '../pace.ts'
import { checkMoment, pointOf } from '../since.ts'
import { withStore } from '../store.ts'

interface Options {
  readonly live?: boolean
  readonly from?: string
  readonly to?: string
  readonly speed: string
  readonly port: string
  readonly ui: string
}

export function addInspect(cli: Cli): void {
  cli
    .command<Options>(
      'inspect',
      [
        ['inspect --live', 'what happens now; open the address that it prints'],
        [
          'inspect --from 10m --speed 5',
          'the last ten minutes, five times as fast, once an inspector connects',
        ],
        ['inspect --ui http://localhost:3000/inspect', 'with an inspector of your own'],
      ],
      async (frame, _, options) => {
        const speed = speedOf(options.speed)
        const port = wholeNumber('--port', options.port, 0, 65_535) ?? 0
        const ui = uiOf(options.ui)
        if (options.live === true && options.to !== undefined)
          throw invalidInput(
            '--to: cannot be used together with --live, which has no end; leave one of them out',
          )
        checkMoment('--from', options.from)
        checkMoment('--to', options.to)
        await withStore(frame, (store) => inspect(frame, store, options, { speed, port, ui }))
      },
    )
    .option('--live', 'follow new events (default: from now on; with --from from there)')
    .option('--from <seq|time>', 'the first event to show; earlier ones count, but are not shown')
    .option(
      '--to <seq|time>',
      'where a replay stops, after that event or second (default: the end of the log)',
    )
    .option(
      '--speed <x>',
      'how many times as fast as it happened; 0: without pauses; no pause is longer than 2 s',
      '1',
    )
    .option(
      '--port <n>',
      'port of the relay; it answers on this machine only, and only who has the token in the address that is printed; 0: any free port',
      '0',
    )
    .option('--ui <address>', 'the inspector that the page opens', 'https://stately.ai/inspect')
}

function uiOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw invalidInput(`--ui ${text}: must be an address that begins with http:// or https://`)
}

async function inspect(
  frame: Frame,
  store: LogStore,
  { live = false, from, to }: Options,
  { speed, port, ui }: { readonly speed: number; readonly port: number; readonly ui: URL },
): Promise<void> {
  const access = opened(frame.access(store))
  const { version } = await store.rows(frame.queue, 0, 1)
  const first = from === undefined ? null : await pointOf(access, '--from', from)
  const last = to === undefined ? null : await pointOf(access, '--to', to)
  const wished = first === null ? (live ? version : 0) : (await beginningAt(access, 'from', first)).seq
  const begin = await orCut(access, wished)
  const end = last === null ? version : (await endingAt(access, 'to', last)).seq
  // Only this command needs it, so it is loaded here.
  const { InspectedQueue } = await import('../inspect/inspected.ts')
  const { openRelay } = await import('../inspect/relay.ts')
  let onClients = () => {}
  let relay: Relay | undefined
  const queue = new InspectedQueue(await ledgerAt(access, begin), (message) => relay?.send(message))
  relay = await openRelay({ ui, port, greeting: () => queue.greeting(), onClients: () => onClients() })
  /** Resolves when the number of clients is as wished, or at Ctrl-C. */
  const until = (isWished: (clients: number) => boolean) =>
    new Promise<void>((resolve) => {
      onClients = () => {
        if (frame.signal.aborted || isWished(relay?.clients ?? 0)) resolve()
      }
      frame.signal.addEventListener('abort', onClients, { once: true })
      onClients()
    })
  try {
    announce(frame, relay)
    await until((clients) => clients > 0)
    const events = live
      ? followEvents(access, { after: begin })
      : readEvents(access, { after: begin, upTo: end })
    const shown = await show(frame, queue, events, speed)
    frame.note(
      `${plural(shown, 'event')} shown; the view stays until you close the inspector or press Ctrl-C`,
    )
    await until((clients) => clients === 0)
  } finally {
    queue.stop()
    await relay.close()
  }
}

function announce(frame: Frame, { page, socket }: Relay): void {
  if (frame.json) frame.print(JSON.stringify({ page, socket }))
  else frame.print([`open ${page}`, `or, for a program that speaks the protocol: ${socket}`])
  frame.note('this machine only; anyone with the address can look, so keep it secret')
}

async function show(
  frame: Frame,
  queue: InspectedQueue,
  events: AsyncIterable<RecordedEvent>,
  speed: number,
) {
  const pace = new Pace(frame, speed, queue.ledger.lastAt)
  let shown = 0
  for await (const event of events) {
    await pace.until(event.at)
    if (frame.signal.aborted) break
    queue.feed(event)
    shown++
  }
  return shown
}
