/**
 * The protocol of docs/inside/several-writers.md as a model that can be explored exhaustively: three processes, each with one command, over a
 * database that carries out one call at a time. Whatever can happen next is a step; a fault is a step with a price.
 */

/** What a process has sent, or the answer that is on its way to it. */
type Call =
  | { readonly is: 'append'; readonly version: number; readonly commands: readonly number[] }
  | { readonly is: 'publish'; readonly seen: Seen | null }
  | { readonly is: 'resign'; readonly finished: readonly number[] }

type Answer =
  | { readonly is: 'written'; readonly published: readonly number[]; readonly combines: boolean | undefined }
  | { readonly is: 'lost'; readonly combines: boolean }
  | { readonly is: 'known'; readonly combines: boolean }
  | { readonly is: 'elected'; readonly published: readonly number[] }
  | { readonly is: 'published'; readonly seen: Seen }
  | { readonly is: 'resigned' }
  | { readonly is: 'goes on'; readonly published: readonly number[] }
  | { readonly is: 'replaced' }
  | { readonly is: 'error' }

/** What a waiting process remembers of its last look: whether anything has moved since is the rule of progress. */
interface Seen {
  readonly election: number
  readonly oldest: number | null
}

type Mode = 'alone' | 'waiting' | 'combining'

interface Process {
  readonly mode: Mode
  readonly isOpen: boolean
  readonly isDead: boolean
  readonly isPaused: boolean
  readonly version: number
  /** The commands of others that it carries out. */
  readonly hand: readonly number[]
  /** Of those, what needs no append. */
  readonly finished: readonly number[]
  readonly call: Call | null
  readonly answer: Answer | null
  /** It has published, and waits. */
  readonly waits: boolean
  /** What came of its last publication was not heard: that may have been its election. */
  readonly mayBeElected: boolean
  readonly seen: Seen | null
  readonly notes: readonly ('answered' | 'resigned')[]
}

export interface State {
  readonly version: number
  /** Who has published, in order. */
  readonly published: readonly number[]
  readonly committed: readonly number[]
  readonly combiner: { readonly who: number; readonly election: number } | null
  readonly elections: number
  readonly processes: readonly Process[]
  /** Faults that may still happen. */
  readonly faults: number
}

export interface Step {
  readonly name: string
  readonly price: 0 | 1
  /** A command is in the log by it. */
  readonly commits: boolean
  readonly to: State
}

/** Parts of the protocol that can be left out, to see the exploration find it. */
export interface Broken {
  /** A waiting process never takes the place of one that makes no progress. */
  readonly neverReplaces?: boolean
  /** It does not look again by itself. */
  readonly neverLooks?: boolean
  /** Who did not hear what came of its publication publishes again. */
  readonly neverAsks?: boolean
  /** Not the protocol, but the world: publications are carried out, and none is ever answered. */
  readonly unanswered?: boolean
}

const fresh: Process = {
  ...{ mode: 'alone', isOpen: true, isDead: false, isPaused: false, version: 0, hand: [], finished: [] },
  ...{ call: null, answer: null, waits: false, mayBeElected: false, seen: null, notes: [] },
}

export const begin = (processes: number, faults: number): State => ({
  ...{ version: 0, published: [], committed: [], combiner: null, elections: 0, faults },
  processes: Array.from({ length: processes }, () => fresh),
})

const without = (list: readonly number[], gone: readonly number[]) =>
  list.filter((one) => !gone.includes(one))

/** Everything that can happen next. */
export function stepsFrom(state: State, broken: Broken = {}): readonly Step[] {
  const steps = state.processes.flatMap((process, who) => (process.isDead ? [] : of(state, who, broken)))
  const free = steps.filter(({ price }) => price === 0)
  // A wait is a multiple of what answers take: it is over when nothing else can happen. Earlier is a mistake, and counts as a fault.
  const price = free.length === 0 ? 0 : 1
  const looks = broken.neverLooks
    ? []
    : state.processes.flatMap((_, who) => (mayLook(state, who) ? [look(state, who, price)] : []))
  return [...steps, ...looks].filter((step) => step.price <= state.faults).map((step) => paid(step))
}

const paid = (step: Step): Step => ({ ...step, to: { ...step.to, faults: step.to.faults - step.price } })

function of(state: State, who: number, broken: Broken): Step[] {
  const process = state.processes[who] as Process
  const steps: Step[] = []
  const add = (name: string, to: State, price: 0 | 1 = 0) =>
    steps.push({ name: `${name} ${who}`, price, commits: to.version > state.version, to })
  if (process.isPaused) {
    if (process.call !== null) add('serve', served(state, who, broken))
    add('go on', changed(state, who, { isPaused: false }))
    return steps
  }
  if (process.call !== null) {
    add('serve', served(state, who, broken))
    add('lose the call of', changed(state, who, { call: null, answer: { is: 'error' } }), 1)
    const after = served(state, who, broken)
    add('lose the answer to', changed(after, who, { answer: { is: 'error' } }), 1)
  }
  if (process.answer !== null) add('answer', received(state, who, process.answer))
  if (process.notes.length > 0) {
    add('tell', heard(state, who))
    add('lose the note to', changed(state, who, { notes: process.notes.slice(1) }), 1)
  }
  if (process.call === null && process.answer === null) {
    const call = nextCall(process, who, broken)
    if (call !== null) add(call.is, changed(state, who, sent(process, call)))
  }
  add('kill', changed(state, who, { isDead: true, notes: [] }), 1)
  add('pause', changed(state, who, { isPaused: true }), 1)
  return steps
}

const changed = (state: State, who: number, change: Partial<Process>): State => ({
  ...state,
  processes: state.processes.map((process, i) => (i === who ? { ...process, ...change } : process)),
})

const sent = ({ mayBeElected }: Process, call: Call): Partial<Process> => ({
  call,
  mayBeElected: mayBeElected || call.is === 'publish',
})

function nextCall(process: Process, who: number, broken: Broken): Call | null {
  const { mode, isOpen, waits, mayBeElected, seen, hand, finished, version } = process
  if (mode === 'combining') {
    const commands = [...(isOpen ? [who] : []), ...hand]
    return commands.length > 0 ? { is: 'append', version, commands } : { is: 'resign', finished }
  }
  if (!isOpen || waits) return null
  const asks = mayBeElected && broken.neverAsks !== true
  return mode === 'alone' || asks ? { is: 'append', version, commands: [who] } : { is: 'publish', seen }
}

/** The database carries out one call. */
function served(state: State, who: number, broken: Broken): State {
  const { call, isDead, isPaused } = state.processes[who] as Process
  if (call === null || isDead) return state
  const [after, heard] = answerTo(state, who, call, broken)
  const answer: Answer = call.is === 'publish' && broken.unanswered ? { is: 'error' } : heard
  return changed(after, who, { call: null, answer, isPaused })
}

function answerTo(state: State, who: number, call: Call, broken: Broken): readonly [State, Answer] {
  if (call.is === 'append') return append(state, who, call)
  return call.is === 'publish' ? publish(state, who, call.seen, broken) : resign(state, who, call.finished)
}

function append(
  state: State,
  who: number,
  { version, commands }: Call & { is: 'append' },
): readonly [State, Answer] {
  const combines = state.combiner?.who === who
  if (commands.some((one) => state.committed.includes(one))) return [state, { is: 'known', combines }]
  if (version !== state.version) return [state, { is: 'lost', combines }]
  const published = without(state.published, commands)
  const committed = [...state.committed, ...commands].toSorted()
  const told = noted({ ...state, version: version + 1, published, committed }, commands, who, 'answered')
  const { mode, mayBeElected } = state.processes[who] as Process
  const getsAnswers = state.combiner !== null || mode === 'combining' || mayBeElected
  return [told, { is: 'written', published, combines: getsAnswers ? combines : undefined }]
}

function publish(state: State, who: number, seen: Seen | null, broken: Broken): readonly [State, Answer] {
  const { combiner } = state
  const isGone = seen !== null && combiner !== null && state.processes[combiner.who]?.isDead === true
  const isStuck =
    seen !== null && seen.election === combiner?.election && seen.oldest === (state.published[0] ?? null)
  const replaces = (isGone || isStuck) && broken.neverReplaces !== true
  if (combiner === null || combiner.who === who || replaces) {
    // Nobody sees their number if no publication is answered; counted, they would be states without end.
    const election = broken.unanswered ? 1 : state.elections + 1
    const elected = { ...state, combiner: { who, election }, elections: election }
    return [elected, { is: 'elected', published: state.published }]
  }
  const published = state.published.includes(who) ? state.published : [...state.published, who]
  const now: Seen = { election: combiner.election, oldest: published[0] ?? null }
  return [
    { ...state, published },
    { is: 'published', seen: now },
  ]
}

function resign(state: State, who: number, finished: readonly number[]): readonly [State, Answer] {
  const published = without(state.published, finished)
  const told = noted({ ...state, published }, finished, who, 'answered')
  if (state.combiner?.who !== who) return [told, { is: 'replaced' }]
  if (published.length > 0) return [told, { is: 'goes on', published }]
  const all = state.processes.map((_, i) => i)
  return [noted({ ...told, combiner: null }, all, who, 'resigned'), { is: 'resigned' }]
}

function noted(state: State, to: readonly number[], from: number, note: Process['notes'][number]): State {
  return to.reduce((after, who) => {
    const { isDead, notes } = after.processes[who] as Process
    return isDead || who === from || notes.at(-1) === note
      ? after
      : changed(after, who, { notes: [...notes, note] })
  }, state)
}

function received(state: State, who: number, answer: Answer): State {
  const process = state.processes[who] as Process
  const isOpen = process.isOpen && !state.committed.includes(who)
  const at = { answer: null, version: state.version, isOpen }
  const left = (hand: readonly number[]) => without(hand, [who, ...state.committed])
  // What the log has already is carried out: it needs no append, and its sender is told so.
  const known = (hand: readonly number[]) =>
    hand.filter((one) => one !== who && state.committed.includes(one))
  const asCombiner = (hand: readonly number[]): Partial<Process> => ({
    ...{ mode: 'combining', hand: left(hand), finished: known(hand) },
    ...{ waits: false, mayBeElected: false, seen: null },
  })
  const asWaiting: Partial<Process> = {
    ...{ mode: 'waiting', hand: [], finished: [], waits: false, mayBeElected: false, seen: null },
  }
  const asked = process.mode === 'combining' || process.mayBeElected
  switch (answer.is) {
    case 'written':
      if (answer.combines === undefined) return changed(state, who, { ...at, isOpen })
      return changed(state, who, {
        ...at,
        ...(answer.combines && asked ? asCombiner(answer.published) : asWaiting),
      })
    case 'lost':
      if (asked && answer.combines) return changed(state, who, { ...at, ...asCombiner(process.hand) })
      return changed(state, who, { ...at, ...asWaiting })
    case 'known':
      if (process.mayBeElected)
        return changed(state, who, { ...at, ...(answer.combines ? asCombiner([]) : asWaiting) })
      return changed(state, who, {
        ...at,
        hand: left(process.hand),
        finished: [...process.finished, ...known(process.hand)],
      })
    case 'elected':
      return changed(state, who, { ...at, ...asCombiner(answer.published) })
    case 'published':
      return changed(state, who, {
        ...{ answer: null, waits: isOpen, mayBeElected: false, isOpen, seen: answer.seen },
      })
    case 'resigned':
      return changed(state, who, { ...at, mode: 'alone', hand: [], finished: [], waits: false, seen: null })
    case 'goes on':
      return changed(state, who, { ...at, ...asCombiner(answer.published) })
    case 'replaced':
      return changed(state, who, { ...at, ...asWaiting })
    case 'error':
      return changed(state, who, { answer: null })
  }
}

/** A note is a hint: who hears it reads the log. */
function heard(state: State, who: number): State {
  const { mode, isOpen, notes, waits } = state.processes[who] as Process
  const [note, ...rest] = notes
  const open = isOpen && !state.committed.includes(who)
  const read = { notes: rest, isOpen: open, version: state.version }
  if (note === 'resigned' && mode === 'waiting')
    return changed(state, who, { ...read, mode: 'alone', waits: false, mayBeElected: false, seen: null })
  return changed(state, who, mode === 'waiting' ? { ...read, waits: waits && open } : { notes: rest })
}

function mayLook(state: State, who: number): boolean {
  const { isDead, isPaused, waits, call, answer } = state.processes[who] as Process
  return !isDead && !isPaused && waits && call === null && answer === null
}

/** It reads the log, and publishes again what is not there. */
function look(state: State, who: number, price: 0 | 1): Step {
  const isOpen = !state.committed.includes(who)
  const to = changed(state, who, { isOpen, waits: false, version: state.version })
  return { name: `look ${who}`, price, commits: false, to }
}

/** An open command of a process that lives and runs. */
export const hasWork = ({ processes, committed }: State): boolean =>
  processes.some(
    ({ isOpen, isDead, isPaused }, who) => isOpen && !isDead && !isPaused && !committed.includes(who),
  )
