import { MICROS_PER_MS, type Micros } from '../../../../engine/core/index.ts'
import { duration } from '../../../../tools/format/index.ts'
import { usePage } from '../frame/context.ts'
import { Link } from '../frame/link.tsx'
import { seconds } from '../frame/time.ts'

/** How much of the end of an id stays where there is no room for all of it: ids of one program begin alike. */
const TAIL = 6

/** Links a job to the reason why it waits. */
export const JobLink = ({ id }: { readonly id: string }) => (
  <Link class="job" to={{ see: 'why', job: id }} title={id}>
    <span>{id.slice(0, -TAIL)}</span>
    {id.slice(-TAIL)}
  </Link>
)

/** Links a model to its row on the screen History. */
export const ModelLink = ({ name }: { readonly name: string }) => (
  <Link class="model" to={{ see: 'history', model: name }} title={name}>
    {name}
  </Link>
)

const ModelLinks = ({ names }: { readonly names: readonly string[] }) => (
  <span class="models">
    {names.length === 0 ? (
      <span class="dim">no model</span>
    ) : (
      names.map((name) => <ModelLink key={name} name={name} />)
    )}
  </span>
)

/** A job, and below it the models that it needs. */
export const JobWithModels = ({
  id,
  models,
}: {
  readonly id: string
  readonly models: readonly string[]
}) => (
  <div class="two">
    <JobLink id={id} />
    <span class="under">
      <ModelLinks names={models} />
    </span>
  </div>
)

/** How long ago something was. It counts up. */
export function Since({ at }: { readonly at: Micros }) {
  const { shown } = usePage()
  void seconds.value
  void shown.ledger.value
  return <span class="since">{duration(Math.max(0, (shown.now() - at) / MICROS_PER_MS))}</span>
}

/** How long it is until something. It counts down. */
export function Until({ at }: { readonly at: Micros }) {
  const { shown } = usePage()
  void seconds.value
  const ms = (at - shown.now()) / MICROS_PER_MS
  return <span class="since">{ms <= 0 ? 'over' : `in ${duration(ms)}`}</span>
}
