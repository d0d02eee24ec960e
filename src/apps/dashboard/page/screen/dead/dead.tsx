import { count, plural } from '../../../../../tools/format/index.ts'
import { ask } from '../../data/levers.ts'
import { lengthNames, lengths } from '../../data/period.ts'
import { usePage } from '../../frame/context.ts'
import { go, route } from '../../frame/route.ts'
import { momentText } from '../../frame/time.ts'
import { Choices } from '../../part/choices.tsx'
import { Filter } from '../../part/filter.tsx'
import { Loaded, None } from '../../part/load.tsx'
import { JobWithModels } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'
import { type DeadLetterList, useDeadLetters } from './dead-letters.ts'
import {
  deadQueryOf,
  deadWords,
  errorText,
  grouped,
  type Letter,
  type LetterGroup,
  lettersWith,
} from './letters.ts'

/** How many jobs a lever takes. */
const AT_ONCE = 1_000
const MOST_GROUPS = 100

/** Jobs that failed for good: search them by error and model, retry them or drop them. */
export function Dead() {
  const { seconds, text } = deadQueryOf(route.value.q ?? '')
  const dead = useDeadLetters(usePage().live, seconds)
  const { letters, before, latest } = dead
  const found = lettersWith(letters.value, text)
  const howMany =
    latest.state === 'here' || letters.value.length > 0
      ? `${count(found.length)}${before.value === null ? '' : ' and more'}`
      : ''
  return (
    <div class="grid">
      <Panel id="dead" title="Dead letters" wide aside={howMany}>
        <div class="row bar">
          <Filter label="Search dead letters" placeholder="Job, error or model" />
          <Times seconds={seconds} text={text} />
          <Chosen dead={dead} />
        </div>
        <Loaded of={latest}>
          {() => (letters.value.length > 0 ? null : <None>No job has failed for good.</None>)}
        </Loaded>
        <ul class="groups">
          {grouped(found)
            .slice(0, MOST_GROUPS)
            .map((group) => (
              <GroupRow key={group.key} group={group} dead={dead} />
            ))}
        </ul>
      </Panel>
      <Panel id="letters" title="One by one" wide>
        <OneByOne found={found} dead={dead} />
      </Panel>
    </div>
  )
}

/** Of how long ago at most. */
const Times = ({ seconds, text }: { readonly seconds: number | null; readonly text: string }) => (
  <Choices
    label="Time"
    all={lengthNames}
    chosen={lengthNames.find((length) => lengths[length] === seconds) ?? null}
    onChoose={(length) => go({ q: deadWords(lengths[length], text) }, { isStep: true })}
  />
)

/** How many are chosen, and what can be done with them. */
function Chosen({ dead: { chosen, refresh } }: { readonly dead: DeadLetterList }) {
  const { me, live } = usePage()
  const request = (lever: 'retry' | 'drop') => {
    const jobIds = [...chosen.peek()].slice(0, AT_ONCE)
    const title = `${lever === 'retry' ? 'Retry' : 'Drop'} ${plural(jobIds.length, 'dead letter')}`
    void ask(live.queue, { lever, title, body: { jobIds }, onDone: refresh })
  }
  return (
    <>
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
            onClick={() => request(lever)}
          >
            {lever === 'retry' ? 'Retry…' : 'Drop…'}
          </button>
        ) : null,
      )}
    </>
  )
}

/** Letters with the same error and models, to be chosen together. */
function GroupRow({ group, dead }: { readonly group: LetterGroup; readonly dead: DeadLetterList }) {
  const { seconds } = deadQueryOf(route.value.q ?? '')
  const ids = group.letters.map(({ jobId }) => jobId)
  return (
    <li data-group={group.key}>
      <label>
        <input
          type="checkbox"
          checked={ids.every((id) => dead.chosen.value.has(id))}
          onChange={(event) => dead.choose(ids, event.currentTarget.checked)}
        />
        <b class="number">{count(ids.length)}</b>
        <span class="detail">{group.error}</span>
        <span class="dim right">{group.models}</span>
      </label>
      <button type="button" onClick={() => go({ q: deadWords(seconds, group.error) })}>
        Show
      </button>
    </li>
  )
}

function OneByOne({ found, dead }: { readonly found: readonly Letter[]; readonly dead: DeadLetterList }) {
  const { before, latest, earlier, readEarlier } = dead
  return (
    <>
      {found.length === 0 && latest.state === 'here' ? <None>No dead letter fits.</None> : null}
      <WindowedList
        label="The dead letters"
        count={found.length}
        rowHeight={44}
        row={(index) => {
          const letter = found[index]
          return letter === undefined ? null : <LetterRow key={letter.seq} letter={letter} dead={dead} />
        }}
      />
      {earlier === null ? null : <Loaded of={earlier}>{() => null}</Loaded>}
      {before.value === null || earlier?.state === 'loading' ? null : (
        <button type="button" class="plain" onClick={readEarlier}>
          More
        </button>
      )}
    </>
  )
}

function LetterRow({ letter, dead }: { readonly letter: Letter; readonly dead: DeadLetterList }) {
  const { jobId, at, attempts, spec } = letter
  return (
    <li data-letter={jobId}>
      <input
        type="checkbox"
        aria-label={`Choose ${jobId}`}
        checked={dead.chosen.value.has(jobId)}
        onChange={(event) => dead.choose([jobId], event.currentTarget.checked)}
      />
      <JobWithModels id={jobId} models={spec.models} />
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
