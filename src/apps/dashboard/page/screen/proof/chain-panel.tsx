import { useSignal } from '@preact/signals'
import { plural } from '../../../../../tools/format/index.ts'
import { ChainWalk, startOf } from '../../../../../tools/history/chain-walk.ts'
import type { ChainAnswer } from '../../../api/chain.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { turn } from '../../frame/turn.ts'
import { Loaded, None, useAsked } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'

/** The chain of hashes, computed again, and whether it contains an anchor. */
export function Chain() {
  const { live } = usePage()
  const text = useSignal('')
  const anchor = anchorIn(text.value)
  const isWrong = text.value.trim() !== '' && anchor === undefined
  const { load, ask } = useAsked(() => chained(live.queue, anchor))
  const isBusy = load?.state === 'loading'
  return (
    <Panel id="chain" title="Chain and anchor" wide>
      <p class="dim">
        Each event carries the hash of the one before it. This page computes all hashes again from the rows in
        the database, as <code>interlock chain</code> does. With an anchor from earlier it checks that too, as{' '}
        <code>interlock verify --anchor</code> does.
      </p>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault()
          ask()
        }}
      >
        <label class="grow">
          <span class="hidden">Anchor</span>
          <input
            type="text"
            placeholder="an earlier anchor, if you have one: <number>:<hash>"
            aria-invalid={isWrong}
            value={text.value}
            onInput={(event) => (text.value = event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={isBusy || isWrong}>
          {isBusy ? 'Computing…' : 'Check the chain'}
        </button>
      </form>
      {load === null ? null : (
        <Loaded of={load} says="Computing…">
          {(found) => <Result found={found} />}
        </Loaded>
      )}
    </Panel>
  )
}

function Result({ found }: { readonly found: Chained | null }) {
  if (found === null)
    return <None>This queue keeps no hash chain; begin one: npx interlock-queue chain --start</None>
  const { from, anchor, bad } = found
  if (bad !== null)
    return (
      <p class="verdict bad" data-chain="bad">
        ✗ Broken at event {bad.seq}: {bad.what}
      </p>
    )
  return (
    <div data-chain={anchor}>
      <p class="verdict good">
        ✓ {plural(Number(anchor?.split(':')[0]) - from, 'event')} on the chain, and every hash is right
      </p>
      <p class="digest">
        <span class="dim">anchor</span> <code>{anchor}</code>
      </p>
    </div>
  )
}

/** The result of computing the chain of a queue again. */
interface Chained {
  /** The chain covers the events after this one. */
  readonly from: number
  /** `<number>:<hash>` of the last event; null: the chain is broken. */
  readonly anchor: string | null
  readonly bad: { readonly seq: number; readonly what: string } | null
}

/** `812:5f1c…`, as the command prints it. Undefined: it is not an anchor. */
function anchorIn(text: string): { readonly seq: number; readonly hash: string } | undefined {
  const [, seq, hash] = /^\s*(\d{1,16}):([0-9a-f]{64})\s*$/.exec(text) ?? []
  return seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash }
}

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16))

/**
 * Computes every hash of the chain again, in the browser and not in the database. Null: the queue keeps no chain.
 * @param anchor the chain has to contain it
 * @throws ApiError
 */
async function chained(queue: string, anchor: ReturnType<typeof anchorIn>): Promise<Chained | null> {
  const page = async (after: number, limit: number) =>
    (await getJson<ChainAnswer>(`${ofQueue(queue, 'chain')}?after=${after}&limit=${limit}`)).chain
  const first = await page(0, 1)
  if (first === null) return null
  const { chainFrom: from, version } = first
  const start = first.start === null ? startOf(queue, from) : bytesOf(first.start)
  const what = 'the log up to here is not the one of the anchor: it was written again'
  const walk = new ChainWalk(start, from, anchor === undefined ? [] : [{ ...anchor, what }])
  while (walk.bad === null && walk.at < version) {
    const { events } = (await page(walk.at, Math.min(1_000, version - walk.at))) ?? { events: [] }
    for (const event of events) {
      walk.take(event)
      if (event.seq % 100 === 0) await turn()
    }
    if (events.length === 0) walk.missing()
  }
  const last = await page(version, 1)
  // The head moves with every append, so it can be compared only if it stood still meanwhile.
  walk.end(last?.version === version ? last.head : null)
  return { from, anchor: walk.bad === null ? `${walk.at}:${walk.head}` : null, bad: walk.bad }
}
