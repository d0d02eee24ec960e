import { count, plural } from '../../../../../tools/format/index.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { errorText, type Letter } from '../../data/letters.ts'
import { usePage } from '../../frame/context.ts'
import { Link } from '../../frame/link.tsx'
import { route } from '../../frame/route.ts'
import { Changes } from './changes.tsx'
import { JobRow } from './jobs.tsx'
import { Listed, usePages } from './pages.tsx'
import { addressOf, type Query, withWord } from './query.ts'

/** How long to rest before the server is asked again, in milliseconds. */
const AGAIN_MS = 10_000
/** How many of a time are read at once, so that they can be counted; others page by page. */
const AT_ONCE = 4_000
const MOST_GROUPS = 100

interface LetterPage {
  readonly jobs: readonly Letter[]
  readonly before: number | null
}

/** Jobs that failed for good, by error and models, and one by one. */
export function DeadLetters({ query }: { readonly query: Query }) {
  const { live } = usePage()
  const isOfTime = query.words.some(([name]) => name === 'since')
  const pages = usePages({
    question: `${live.generation.value} ${addressOf(query)}`,
    restMs: AGAIN_MS,
    page: async (from, signal) => {
      const address = addressOf(query)
      address.set('limit', '500')
      const rows: Letter[] = []
      let next = from
      do {
        if (next !== null) address.set('before', next)
        const page = await getJson<LetterPage>(`${ofQueue(live.queue, 'dead')}?${address}`, signal)
        rows.push(...page.jobs)
        next = page.before === null ? null : String(page.before)
      } while (isOfTime && next !== null && rows.length < AT_ONCE)
      return { rows, next }
    },
  })
  return (
    <>
      <Changes query={query} onDone={pages.again} />
      <ul class="groups">
        {grouped(pages.rows)
          .slice(0, MOST_GROUPS)
          .map((group) => (
            <Group key={group.alike} {...group} />
          ))}
      </ul>
      <Listed
        pages={pages}
        what="dead letter"
        among={pages.next === null ? '' : ' and more'}
        none="No job has failed for good."
        row={(letter) => (
          <JobRow
            key={letter.seq}
            {...letter.spec}
            jobId={letter.jobId}
            state="dead"
            says={errorText(letter)}
            at={letter.at}
            under={plural(letter.attempts, 'attempt')}
            onDone={pages.again}
          />
        )}
      />
    </>
  )
}

interface LetterGroup {
  /** What they have in common. */
  readonly alike: string
  readonly error: string
  readonly models: readonly string[]
  readonly jobs: number
}

/** Leads to those with about the same error. */
function Group({ alike, error, models, jobs }: LetterGroup) {
  const q = withWord(route.value.q ?? '', 'error', telling(error) || null)
  return (
    <li data-group={alike}>
      <b class="number">{count(jobs)}</b>
      <Link
        class="detail"
        to={{ q: models[0] === undefined ? q : withWord(q, 'model', models[0]) }}
        title={error}
      >
        {error}
      </Link>
      <span class="dim right">{models.join(', ') || 'no model'}</span>
    </li>
  )
}

/** The longest part of an error without a number, a quote or what stands before its message. */
const telling = (error: string): string =>
  error
    .replace(/^\w+: /, '')
    .split(/[\d"]+/)
    .reduce((most, part) => (part.length > most.length ? part : most), '')
    .trim()

/** Letters that have the same error and the same models, the largest group first. Numbers in an error are ignored. */
function grouped(letters: readonly Letter[]): readonly LetterGroup[] {
  const groups = Map.groupBy(
    letters,
    (letter) => `${errorText(letter).replace(/\d+/g, '#')}\n${letter.spec.models.join(', ')}`,
  )
  return [...groups]
    .flatMap(([alike, [first, ...rest]]) =>
      first === undefined
        ? []
        : [{ alike, error: errorText(first), models: first.spec.models, jobs: 1 + rest.length }],
    )
    .sort((a, b) => b.jobs - a.jobs || (a.alike < b.alike ? -1 : 1))
}
