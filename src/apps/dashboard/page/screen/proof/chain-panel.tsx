import { useSignal } from '@preact/signals'
import { plural } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { Loaded, None, useAsked } from '../../part/load.tsx'
import { Panel } from '../../part/panel.tsx'
import { anchorIn, type Chained, chained } from './chain.ts'

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
        Each event carries the hash of the one before it. Computed again here, over the rows as the database
        has them: the same as <code>interlock chain</code>, and with an anchor that was noted before, as{' '}
        <code>interlock verify --anchor</code>.
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
            placeholder="<number>:<hash>, an anchor to check, if you have one"
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
  if (found === null) return <None>This queue keeps no hash chain; begin one: interlock chain --start</None>
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
        ✓ {plural(Number(anchor?.split(':')[0]) - from, 'event')} on the chain, which holds
      </p>
      <p class="digest">
        <span class="dim">anchor</span> <code>{anchor}</code>
      </p>
    </div>
  )
}
