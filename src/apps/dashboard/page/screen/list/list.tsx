import { usePage } from '../../frame/context.ts'
import { go, route } from '../../frame/route.ts'
import { Choices } from '../../part/choices.tsx'
import { Copy } from '../../part/copy.tsx'
import { Filter } from '../../part/filter.tsx'
import { Panel } from '../../part/panel.tsx'
import { DeadLetters } from './dead.tsx'
import { Events } from './events.tsx'
import { Jobs } from './jobs.tsx'
import { commandOf, kinds, type ListKind, queryOf, sqlOf, unknownIn, withWord } from './query.ts'
import { Schedules } from './schedules.tsx'

/** Each kind of list, and what can be asked of it. */
const lists = {
  jobs: { list: Jobs, example: 'state:waiting model:flux-dev tag:import-7 payload.user.id=17 until:10m' },
  dead: { list: DeadLetters, example: 'model:flux-dev error:"timed out" since:1h' },
  events: {
    list: Events,
    example: 'since:14:00 until:14:10 operator:ada type:changes job:report-7 timed out',
  },
} as const

/** How far back: each as a word of the query. */
const ages = { '15 min': '15m', '1 h': '1h', '24 h': '24h', all: null } as const
type Age = keyof typeof ages

/** Jobs in line, dead letters or events: what the query says, by time, by whom and by error. */
export function List() {
  const { live } = usePage()
  const q = route.value.q ?? ''
  const query = queryOf(q)
  const { kind } = query
  const { list: Found, example } = lists[kind]
  const since = query.words.find(([name]) => name === 'since')?.[1] ?? null
  const sql = sqlOf(live.queue, query)
  const unknown = unknownIn(query)
  return (
    <div class="grid list">
      <Panel id="list" title={{ jobs: 'Jobs', dead: 'Dead letters', events: 'Log' }[kind]} wide>
        <div class="row bar">
          <Choices
            label="What is listed"
            all={kinds}
            chosen={kind}
            onChoose={(wanted: ListKind) => go({ q: wanted === 'jobs' ? '' : wanted })}
          />
          <Filter label="Which of them" placeholder={example} after={kind === 'jobs' ? '' : `${kind} `} />
          <Choices
            label="Time"
            all={Object.keys(ages) as Age[]}
            chosen={(Object.keys(ages) as Age[]).find((age) => ages[age] === since) ?? null}
            onChoose={(age) => go({ q: withWord(q, 'since', ages[age]) }, { isStep: true })}
          />
          {sql === null ? null : <Copy name="SQL" text={sql} />}
          <Copy name="command" text={commandOf(live.queue, query)} />
        </div>
        {unknown === '' ? (
          <Found query={query} />
        ) : (
          <p class="warn" role="alert" data-unknown>
            {unknown}
          </p>
        )}
      </Panel>
      {kind === 'jobs' ? (
        <Panel id="schedules" title="Schedules" wide>
          <Schedules />
        </Panel>
      ) : null}
    </div>
  )
}
