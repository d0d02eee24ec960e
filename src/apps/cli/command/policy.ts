import type { Coordinator } from '../../../engine/coordinator/index.ts'
import { defaultPolicy, invalidInput, type Policy } from '../../../engine/core/index.ts'
import type { LogStore } from '../../../engine/store/index.ts'
import { policyFacts } from '../../../tools/format/policy-text.ts'
import { opened } from '../../../tools/history/access.ts'
import { type PausedModel, pausedDocument, type StateDocument } from '../../../tools/history/documents.ts'
import { loggedAt } from '../../../tools/operate/look.ts'
import type { Cli } from '../cli.ts'
import type { Frame } from '../frame.ts'
import {
  addPolicyFields,
  addPolicyFlags,
  hasPolicyFlags,
  type PolicyFlags,
  policyFrom,
} from '../policy-flags.ts'
import { pausedFacts } from '../show/paused.ts'
import { strictFlag, withCoordinator, withStore } from '../store.ts'
import { facts } from '../terminal/table.ts'

interface PolicyInForce {
  readonly policy: Policy
  readonly paused: readonly PausedModel[] | null
}

type PolicyDocument = Policy & Pick<StateDocument, 'paused'>

type SetFlags = PolicyFlags & { readonly strict?: boolean }

export function addPolicy(cli: Cli): void {
  const parent = cli.command(
    'policy',
    [
      ['policy', 'what is in force'],
      ['policy set --policy by-model --max-active 64', 'jobs on different models side by side, 64 at most'],
      ['policy set --max-active 4', 'changes this one rule and leaves the others'],
    ],
    show,
  )
  cli.under(parent, 'show', 'what is in force', [], show)
  const setting = cli.under<SetFlags>(
    parent,
    'set',
    'change it; what you leave out stays as it is, also the other models of a flag by model; running jobs go on, only new starts are affected',
    [
      [
        'policy set --max-active none --capacity flux-dev=2',
        'two jobs at once on that model, one on each other model, and no limit on all together',
      ],
      [
        'policy set --hold flux-dev=120 --rate veo-3=5/60',
        'pauses the model for two minutes after a worker was lost; allows five starts a minute',
      ],
      ['policy set --retention 14 --archive drop', 'keeps the database small: erases events after 14 days'],
      ['policy set --rate veo-3=none --capacity flux-dev=none', 'resets both to the default'],
    ],
    (frame, _, flags) => set(frame, flags),
  )
  addPolicyFields(addPolicyFlags(setting)).option(...strictFlag)
}

async function show(frame: Frame): Promise<void> {
  const standing = await withStore(frame, async (store) => {
    const projection = await store.projectionPage(frame.queue, { after: null, limit: 1 })
    const { paused } = await loggedAt(opened(frame.access(store)), projection?.state.version ?? 0)
    return { policy: projection?.state.policy ?? defaultPolicy, paused }
  })
  emit(frame, standing)
}

async function set(frame: Frame, flags: SetFlags): Promise<void> {
  if (!hasPolicyFlags(flags)) {
    throw invalidInput('nothing to set; give a flag such as --max-active 4')
  }
  // Finds wrong flags before anything is opened or made.
  policyFrom(flags, defaultPolicy)
  const change = async (coordinator: Coordinator, store: LogStore) => {
    const wanted = policyFrom(flags, coordinator.state().policy)
    // A part that is left out stays as it is: what was declared is taken back by null.
    await coordinator.setPolicy({ ...wanted, models: wanted.models ?? null })
    const { paused } = await loggedAt(opened(frame.access(store)), coordinator.state().version)
    return { policy: wanted, paused }
  }
  const standing = await withCoordinator(frame, change, { strict: flags.strict })
  emit(frame, standing)
  if (isSerial(standing.policy))
    frame.note(
      'note: one job runs at a time (max-active 1), whatever the capacity; for more: npx interlock-queue policy set --policy by-model',
    )
}

/** Whether a capacity of several changes nothing, since one job at a time is allowed. */
const isSerial = ({ maxActive, capacity }: Policy): boolean =>
  maxActive === 1 && Object.values(capacity).some((of) => (typeof of === 'number' ? of : of.length) > 1)

function emit(frame: Frame, { policy, paused }: PolicyInForce): void {
  frame.emit(
    { ...policy, paused: paused?.map(pausedDocument) ?? null } satisfies PolicyDocument,
    facts([...policyFacts(policy), ...pausedFacts(paused ?? [])], frame.colors.dim),
  )
}
