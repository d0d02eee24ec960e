import { type Signal, useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { RecordedEvent } from '../../../../engine/core/index.ts'
import { eventDetail } from '../../../../tools/format/event-text.ts'
import { count, plural } from '../../../../tools/format/index.ts'
import type { PreviewDocument, PulledDocument } from '../../api/lever-documents.ts'
import type { ChangedDocument, ChangePreviewDocument } from '../../api/many-documents.ts'
import { asked, type PullStep, pull, undoable } from '../data/levers.ts'
import { LeverButton } from '../part/lever-button.tsx'
import { Scroll } from '../part/scroll.tsx'
import { usePage } from './context.ts'
import { localText } from './time.ts'

/** More jobs than this are changed only by who has written down how many they are. */
const MANY = 20

/** How many jobs a step would change; null: it does not say. */
function jobsIn(now: PullStep): number | null {
  if (now.step !== 'asking' && now.step !== 'pulling') return null
  return 'mark' in now.preview ? now.preview.moves.total : now.preview.jobs.length
}

/** What has to be written down first. Who changes all jobs of a queue is to know where they are. */
function wordFor({ request }: PullStep, jobs: number | null, place: string): string | null {
  if (jobs === null) return null
  const isAll = 'filter' in request && Object.keys(request.filter).every((name) => name === 'states')
  if (isAll) return jobs === 0 ? null : place
  return jobs > MANY ? String(jobs) : null
}

/** What it is about, with the number of jobs once that is known: `Cancel 167 jobs`. */
const titleOf = ({ request }: PullStep, jobs: number | null): string =>
  'filter' in request
    ? `${request.verb} ${jobs === null ? 'these jobs' : plural(jobs, 'job')}`
    : request.title

/** Asks before a lever is pulled: shows what the log will say, and which jobs move. */
export function Ask() {
  const { live, me } = usePage()
  const dialog = useRef<HTMLDialogElement>(null)
  const now = asked.value
  const isOpen = now !== null
  const written = useSignal('')
  const jobs = now === null ? null : jobsIn(now)
  const word = now === null ? null : wordFor(now, jobs, me.environment ?? live.queue)
  const isWritten =
    word === null || written.value.trim() === word || written.value.replace(/\D/g, '') === word
  useLayoutEffect(() => {
    if (isOpen && dialog.current?.open === false) dialog.current.showModal()
    if (!isOpen) dialog.current?.close()
    if (!isOpen) written.value = ''
  })
  return (
    <dialog
      ref={dialog}
      class="ask"
      aria-labelledby="asked"
      onCancel={() => (asked.value = null)}
      // A browser tells this with its next frame: by then another lever may have been asked for.
      onClose={({ currentTarget }) => {
        if (!currentTarget.open) asked.value = null
      }}
    >
      {now === null ? null : (
        <form
          method="dialog"
          onSubmit={(event) => {
            event.preventDefault()
            if (now.step === 'asking' && isWritten) void pull(live.queue)
            else if (now.step === 'asking') return
            else asked.value = null
          }}
        >
          <h2 id="asked">{titleOf(now, jobs)}</h2>
          <Body now={now} />
          {word === null ? null : <Word word={word} jobs={jobs} written={written} />}
          <div class="buttons">
            <button type="button" onClick={() => (asked.value = null)}>
              {now.step === 'asking' || now.step === 'pulling' ? 'Leave it' : 'Close'}
            </button>
            {now.step === 'asking' || now.step === 'pulling' ? (
              <button
                type="submit"
                class={/cancel|drop/.test(now.request.lever) ? 'main bad' : 'main'}
                disabled={now.step === 'pulling' || !isWritten}
                data-do={now.request.lever}
              >
                {titleOf(now, jobs)}
              </button>
            ) : null}
            {now.step === 'done' ? <Undo /> : null}
          </div>
        </form>
      )}
    </dialog>
  )
}

const Word = ({
  word,
  jobs,
  written,
}: {
  readonly word: string
  readonly jobs: number | null
  readonly written: Signal<string>
}) => (
  <label class="how-many">
    Write {word} to change {plural(jobs ?? 0, 'job')}:{' '}
    <input
      name="how-many"
      autocomplete="off"
      value={written.value}
      onInput={({ currentTarget }) => (written.value = currentTarget.value)}
    />
  </label>
)

/** What has just been done can be put back, with a preview as everything. */
export const Undo = () =>
  undoable.value === null ? null : <LeverButton {...undoable.value.undo}>Undo…</LeverButton>

function Body({ now }: { readonly now: PullStep }) {
  switch (now.step) {
    case 'looking':
      return <p class="none">Working out what it would do…</p>
    case 'refused':
      return (
        <p class="refused" role="alert">
          Refused ({now.code}): {localText(now.message)}
        </p>
      )
    case 'done':
      return 'matched' in now.done ? <ManyDone {...now.done} /> : <Done {...now.done} />
    case 'asking':
    case 'pulling':
      return 'mark' in now.preview ? (
        <Preview preview={now.preview} isOvertaken={now.isOvertaken} />
      ) : (
        <ManyPreview {...now.preview} />
      )
    default:
      return now satisfies never
  }
}

const Done = ({ changed, jobs, version }: PulledDocument) => (
  <p role="status">
    {changed ? 'Done' : 'Nothing changed: it was already so'}
    {jobs === null ? '' : `: ${plural(jobs, 'job')}`}. The log is at event {count(version)}.
  </p>
)

/** What became of many jobs: done, left out, refused. */
const ManyDone = ({ done, changed, failed }: ChangedDocument) => (
  <>
    <p role="status">
      Done: {plural(done.length, 'job')}.
      {changed.length === 0 ? null : (
        <span class="warn" data-left-out={changed.length}>
          {' '}
          Left out, since they changed after you looked: {named(changed)}.
        </span>
      )}
    </p>
    {failed.slice(0, 20).map(({ jobId, code, message }) => (
      <p key={jobId} class="refused" role="alert">
        {jobId} ({code}): {localText(message)}
      </p>
    ))}
  </>
)

const named = (jobIds: readonly string[]): string =>
  jobIds.length <= 5
    ? jobIds.join(', ')
    : `${jobIds.slice(0, 5).join(', ')} and ${count(jobIds.length - 5)} more`

/** Which jobs are about to be changed. */
const ManyPreview = ({ jobs, says }: ChangePreviewDocument) => (
  <>
    <p data-says>{jobs.length === 0 ? 'No job fits.' : says}</p>
    <ol class="events">
      {jobs.slice(0, 20).map(({ jobId, state }) => (
        <li key={jobId} data-moves={jobId}>
          <b>{jobId}</b> <span class="dim">{state}</span>
        </li>
      ))}
    </ol>
    {jobs.length > 20 ? <p class="dim">and {count(jobs.length - 20)} more</p> : null}
  </>
)

function Preview({
  preview: { lever, events, changed, says, moves, startable },
  isOvertaken,
}: {
  readonly preview: PreviewDocument
  readonly isOvertaken: boolean
}) {
  return (
    <>
      {isOvertaken ? (
        <p class="warn" role="alert" data-overtaken>
          Nothing was done: somebody changed the queue meanwhile. This is what it would do now.
        </p>
      ) : null}
      {changed ? (
        <>
          <p data-says>{says}</p>
          <h3>Events that it adds to the log</h3>
          <Events events={events as readonly RecordedEvent[]} />
          <Jobs names={lever === 'drop' ? names.drop : names.moves} {...moves} />
          {startable.total === 0 ? null : <Jobs names={names.startable} {...startable} />}
        </>
      ) : (
        <p class="none">Nothing would change.</p>
      )}
    </>
  )
}

function Events({ events }: { readonly events: readonly RecordedEvent[] }) {
  return (
    <>
      {events.length === 0 ? <p class="none">None: the log does not change.</p> : null}
      <ol class="events">
        {events.slice(0, 20).map((event) => (
          <li key={event.seq}>
            <b>{event.type}</b> {'jobId' in event ? event.jobId : ''}{' '}
            <span class="dim">{localText(eventDetail(event))}</span>
          </li>
        ))}
      </ol>
      {events.length > 20 ? <p class="dim">and {count(events.length - 20)} more</p> : null}
    </>
  )
}

const names = {
  moves: ['job changes', 'jobs change'],
  drop: ['dead letter is removed', 'dead letters are removed'],
  startable: ['other job may start', 'other jobs may start'],
} as const

/** What happens to jobs, one by one as far as they are named. */
function Jobs({
  names: [one, many],
  total,
  jobs,
}: { readonly names: readonly [one: string, many: string] } & PreviewDocument['moves']) {
  return (
    <>
      <h3>{total === 0 ? 'No job changes' : total === 1 ? `1 ${one}` : `${count(total)} ${many}`}</h3>
      {total === 0 ? null : (
        <Scroll label={many}>
          <table>
            <thead>
              <tr>
                <th>job</th>
                <th>now</th>
                <th>after</th>
              </tr>
            </thead>
            <tbody>
              {jobs.map(({ jobId, before, after }) => (
                <tr key={jobId} data-moves={jobId}>
                  <td class="job">{jobId}</td>
                  <td>{standing(before)}</td>
                  <td>{standing(after)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {total > jobs.length ? <p class="dim">and {count(total - jobs.length)} more</p> : null}
    </>
  )
}

type PlaceBefore = PreviewDocument['moves']['jobs'][number]['before']

function standing(of: PlaceBefore): string {
  if (of === null) return 'not live'
  if (of.state === 'active') return 'running'
  return of.ahead === null ? `waiting: ${of.code ?? ''}` : `${of.ahead} ahead, ${of.code ?? ''}`
}
