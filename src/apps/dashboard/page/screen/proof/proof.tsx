import { useSignal } from '@preact/signals'
import { Audit, type Statement } from '../../../../../tools/audit/index.ts'
import { count, duration, plural } from '../../../../../tools/format/index.ts'
import { ofQueue, postJson } from '../../data/api.ts'
import type { LiveQueue } from '../../data/live.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { localText } from '../../frame/time.ts'
import { turn } from '../../frame/turn.ts'
import { Loaded, None, useAsked } from '../../part/load.tsx'
import { JobLink } from '../../part/names.tsx'
import { Figure, Panel } from '../../part/panel.tsx'
import { Reach, useHistory } from '../../part/reach.tsx'
import { Chain } from './chain-panel.tsx'

/** How many of the last events it is about, unless more are loaded. */
const EVENTS = 20_000

/** Proves from the log alone that no promise was broken, or shows which one was. */
export function Proof() {
  const { me, live, shown } = usePage()
  useHistory(EVENTS)
  const audit = useAsked(async () => {
    // What is read at this moment belongs to what is loaded. If that fails with some of it here, the range says so.
    await live.readBack(Math.min(live.base.peek(), live.version.peek() - EVENTS)).catch((error: unknown) => {
      if (live.replica.base === live.replica.version) throw error
    })
    return audited(live, shown.ledger.peek().version, { store: me.store, release: me.release })
  })
  const isBusy = audit.load?.state === 'loading'
  return (
    <div class="grid proof">
      <Panel
        id="proof"
        title="Audit"
        wide
        aside={
          <span class="buttons">
            {live.base.value > live.first.value ? (
              <button
                type="button"
                disabled={live.isReading.value}
                onClick={() => live.readBack(0).catch(() => {})}
              >
                Load the whole log
              </button>
            ) : null}
            <button type="button" class="main" disabled={isBusy} onClick={audit.ask}>
              {isBusy ? 'Auditing…' : audit.load === null ? 'Audit what is loaded' : 'Again'}
            </button>
            {audit.load?.state === 'here' && audit.load.value.events > 0 ? (
              <Save said={audit.load.value} />
            ) : null}
          </span>
        }
      >
        <p class="dim">
          The audit checks every promise against the events: exclusion, order, tokens, rates and the others.
          It shares no code with what decides. It runs in this page, and <code>interlock audit</code> does the
          same.
        </p>
        <Reach />
        {audit.load === null ? (
          <None>Not audited yet.</None>
        ) : (
          <Loaded of={audit.load} says="Auditing…">
            {(said) => <Report said={said} />}
          </Loaded>
        )}
      </Panel>
      <Chain />
    </div>
  )
}

async function audited(
  live: LiveQueue,
  upTo: number,
  of: { readonly store: string; readonly release: string },
): Promise<Statement> {
  const { replica } = live
  const from = replica.at(replica.base)
  if (from === undefined) throw new Error('the beginning of the log is not loaded')
  const audit = new Audit(from)
  for (let seq = from.version + 1; seq <= upTo; seq++) {
    const event = replica.event(seq)
    if (event !== undefined) audit.push(event)
    if (seq % 100 === 0) await turn()
  }
  return audit.statement({ queue: live.queue, ...of, now: Math.round(live.now()) })
}

function Report({ said }: { readonly said: Statement }) {
  const { violations, overlaps, events, jobs, brought, attempts, maxConcurrent, fromSeq, toSeq } = said
  const isSound = violations.length === 0 && overlaps.length === 0
  if (events === 0) return <None>Nothing was audited: no event is loaded.</None>
  return (
    <div data-digest={said.digest} data-violations={violations.length} data-overlaps={overlaps.length}>
      <p class={isSound ? 'verdict good' : 'verdict bad'}>
        {isSound
          ? '✓ No promise was broken'
          : `${plural(violations.length, 'violation')}, ${plural(overlaps.length, 'overlap')}`}
        {`, in events ${count(fromSeq)} to ${count(toSeq)}`}
      </p>
      <div class="figures-row">
        <Figure
          name="events"
          value={count(events)}
          note={fromSeq === 1 ? 'from the first one' : `from ${count(fromSeq)}`}
        />
        <Figure name="jobs" value={count(jobs + brought)} />
        <Figure name="attempts" value={count(attempts)} />
        <Figure name="most at once" value={count(maxConcurrent)} />
      </div>
      <p class="digest">
        <span class="dim">SHA-256</span> <code>{said.digest}</code>
      </p>
      <ul class="promises">
        {said.promises.map(({ rule, promise, violations: broken }) => (
          <li key={rule} class={broken === 0 ? '' : 'bad'}>
            <span aria-hidden="true">{broken === 0 ? '✓' : '✗'}</span>
            <span>
              <b>{rule}</b> <span class="dim">{promise}</span>
              {broken === 0 ? null : ` ${plural(broken, 'violation')}`}
            </span>
          </li>
        ))}
      </ul>
      <ol class="violations">
        {violations.slice(0, 50).map(({ seq, rule, jobId, detail }) => (
          <li key={`${seq} ${rule} ${jobId}`}>
            <Link to={{ at: seq, see: 'history' }}>{count(seq)}</Link> {rule}{' '}
            {jobId === null ? null : <JobLink id={jobId} />} {localText(detail)}
          </li>
        ))}
        {overlaps.slice(0, 50).map(({ model, fromSeq: seq, ms, holders }) => (
          <li key={`${seq} ${model}`}>
            <Link to={{ at: seq, see: 'history' }}>{count(seq)}</Link> overlap on {model} for {duration(ms)}:{' '}
            {holders.map(({ jobId }) => jobId).join(', ')}
          </li>
        ))}
      </ol>
    </div>
  )
}

/** Saves the report as a file: in the form of `interlock audit --markdown`, which the server writes, or as JSON. */
function Save({ said }: { readonly said: Statement }) {
  const fault = useSignal('')
  const save = async (end: string, text: string | Promise<string>) => {
    fault.value = ''
    try {
      const url = URL.createObjectURL(new Blob([await text]))
      const link = document.createElement('a')
      link.href = url
      link.download = `audit-${said.queue}.${end}`
      link.click()
      URL.revokeObjectURL(url)
    } catch (error) {
      fault.value = String(error)
    }
  }
  const report = () => postJson<{ markdown: string }>(ofQueue(said.queue, 'report'), said)
  return (
    <>
      <button
        type="button"
        onClick={() =>
          save(
            'md',
            report().then(({ markdown }) => markdown),
          )
        }
      >
        Save the report
      </button>
      <button type="button" onClick={() => save('json', JSON.stringify(said, null, 2))}>
        JSON
      </button>
      <span role="alert" class="refused">
        {fault.value}
      </span>
    </>
  )
}
