import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { isDeath } from '../../../../core/index.ts'
import { count, plural } from '../../../../format/index.ts'
import { ApiError, getJson, ofQueue } from '../../data/api.ts'
import { ask } from '../../data/levers.ts'
import type { Live } from '../../data/live.ts'
import { usePage } from '../../frame/context.ts'
import { route } from '../../frame/route.ts'
import { momentText } from '../../frame/time.ts'
import { Filter } from '../../part/filter.tsx'
import { JobLink, ModelLinks } from '../../part/names.tsx'
import { None, Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'
import { errorText, grouped, type Letter, lettersWith } from './letters.ts'

interface Page {
  readonly jobs: readonly Letter[]
  readonly before: number | null
}

/** Jobs that failed for good: search them by error and model, retry them or drop them. */
export function Dead() {
  const { me, live } = usePage()
  const letters = useSignal<readonly Letter[]>([])
  const before = useSignal<number | null>(null)
  const fault = useSignal<string | null>(null)
  const chosen = useSignal<ReadonlySet<string>>(new Set())
  const load = async (from: number | null) => {
    try {
      const query = from === null ? '?limit=500' : `?limit=500&before=${from}`
      const page = await getJson<Page>(`${ofQueue(live.queue, 'dead')}${query}`)
      letters.value = from === null ? page.jobs : [...letters.peek(), ...page.jobs]
      before.value = page.before
      fault.value = null
      const there = new Set(letters.value.map(({ jobId }) => jobId))
      chosen.value = new Set([...chosen.peek()].filter((id) => there.has(id)))
    } catch (error) {
      fault.value = error instanceof ApiError ? error.message : String(error)
    }
  }
  // The list changes if a job dies or is retried while the user looks.
  const looked = useRef({ version: live.version.peek(), death: 0 })
  const version = live.version.value
  const death = lastDeath(live, looked.current.version, looked.current.death)
  looked.current = { version, death }
  useEffect(() => void load(null), [live, death])
  const q = route.value.q ?? ''
  const found = lettersWith(letters.value, q)
  const groups = grouped(found)
  const choose = (ids: readonly string[], isIn: boolean) => {
    const next = new Set(chosen.peek())
    for (const id of ids)
      if (isIn) next.add(id)
      else next.delete(id)
    chosen.value = next
  }
  const wish = (lever: 'retry' | 'drop') => {
    const jobIds = [...chosen.peek()].slice(0, 1_000)
    const title = `${lever === 'retry' ? 'Retry' : 'Drop'} ${plural(jobIds.length, 'dead letter')}`
    void ask(live.queue, { lever, title, body: { jobIds }, onDone: () => void load(null) })
  }
  return (
    <div class="grid dead">
      <Panel
        id="dead"
        title="Dead letters"
        wide
        aside={`${count(found.length)}${before.value === null ? '' : ' and more'}`}
      >
        <div class="row bar">
          <Filter label="Search dead letters" placeholder="Job, error or model" />
          <span class="dim" data-chosen={chosen.value.size}>
            {count(chosen.value.size)} chosen
          </span>
          {(['retry', 'drop'] as const).map((lever) =>
            me.levers.includes(lever) ? (
              <button
                key={lever}
                type="button"
                class={lever === 'drop' ? 'bad' : ''}
                disabled={chosen.value.size === 0}
                onClick={() => wish(lever)}
              >
                {lever === 'retry' ? 'Retry…' : 'Drop…'}
              </button>
            ) : null,
          )}
        </div>
        {fault.value === null ? null : <p class="warn">{fault.value}</p>}
        {letters.value.length === 0 ? <None>No job has failed for good.</None> : null}
        <ul class="groups">
          {groups.slice(0, 100).map(({ key, error, models, letters: those }) => {
            const ids = those.map(({ jobId }) => jobId)
            const isAll = ids.every((id) => chosen.value.has(id))
            return (
              <li key={key} data-group={key}>
                <label>
                  <input
                    type="checkbox"
                    checked={isAll}
                    onChange={(event) => choose(ids, event.currentTarget.checked)}
                  />
                  <b class="number">{count(those.length)}</b>
                  <span class="detail">{error}</span>
                  <span class="dim right">{models}</span>
                </label>
              </li>
            )
          })}
        </ul>
      </Panel>
      <Panel id="letters" title="One by one" wide>
        {found.length === 0 ? <None>None.</None> : null}
        <WindowedList
          label="The dead letters"
          count={found.length}
          rowHeight={44}
          row={(index) => {
            const letter = found[index]
            return letter === undefined ? null : (
              <Row
                key={letter.seq}
                letter={letter}
                isChosen={chosen.value.has(letter.jobId)}
                onChoose={(isIn) => choose([letter.jobId], isIn)}
              />
            )
          }}
        />
        {before.value === null ? null : (
          <button type="button" class="plain" onClick={() => void load(before.value)}>
            More
          </button>
        )}
      </Panel>
    </div>
  )
}

function Row({
  letter,
  isChosen,
  onChoose,
}: {
  readonly letter: Letter
  readonly isChosen: boolean
  readonly onChoose: (isIn: boolean) => void
}) {
  const { jobId, at, attempts, spec } = letter
  return (
    <li data-letter={jobId}>
      <input
        type="checkbox"
        aria-label={`Choose ${jobId}`}
        checked={isChosen}
        onChange={(event) => onChoose(event.currentTarget.checked)}
      />
      <div class="two">
        <JobLink id={jobId} />
        <span class="under">
          <ModelLinks names={spec.models} />
        </span>
      </div>
      <span class="reason" title={errorText(letter)}>
        {errorText(letter)}
      </span>
      <span class="two right dim">
        <span>{momentText(at)}</span>
        <span class="under">{plural(attempts, 'attempt')}</span>
      </span>
    </li>
  )
}

/** The last event, of those that came while the page was open, that changed the list. */
function lastDeath({ replica }: Live, from: number, before: number): number {
  for (let seq = replica.version; seq > from; seq--) {
    const event = replica.event(seq)
    if (event !== undefined && (isDeath(event) || event.type === 'queued')) return seq
  }
  return before
}
