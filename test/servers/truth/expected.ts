/**
 * What each face says in each situation: the state of the job, and the code of what keeps it. `—`: the face does not speak of this
 * job, and why not. The last column has words of what has to happen.
 */
import type { Answers, Face } from './faces.ts'

type Row = readonly [situation: string, ...says: string[]]

const columns: readonly (Face | 'to do')[] = [
  'explain',
  'status',
  'queue',
  'top',
  'doctor',
  'dashboard',
  'sql',
  'to do',
]

const counts = '— it counts live jobs, and names those that run'
const lives = '— it lists live jobs, and what waits to become one'
const screen = '— it shows live jobs'
const well = '— nothing is wrong'
const ends = '— an end is no fault'
const nobody = '— no row and no event knows it'

// biome-ignore format: a table is read by its columns
const rows: readonly Row[] = [
  // Waiting.
  ['may start, nobody is alive', 'waiting no_worker', '1 waiting', 'waiting no_worker', 'waiting no_worker', 'problem no_worker', 'waiting no_worker', 'waiting no_worker', 'start a worker'],
  ['may start, nobody has a handler for its kind', 'waiting no_worker', '1 waiting', 'waiting no_worker', 'waiting no_worker', 'problem no_worker', 'waiting no_worker', 'waiting no_worker', 'handler for report'],
  ['behind a job of a kind that nobody has a handler for', 'waiting behind_in_line', '2 waiting', 'waiting behind_in_line', 'waiting behind_in_line', 'problem no_worker', 'waiting behind_in_line', 'waiting needs process', 'job a: it may start, and no live worker has a handler for raport (alive: '],
  ['its model is in use', 'waiting model_in_use', '1 waiting', 'waiting model_in_use', 'waiting model_in_use', well, 'waiting model_in_use', 'waiting model_in_use', 'job a has to end'],
  ['its model is held by a worker that was killed', 'waiting model_in_use', '1 waiting', 'waiting model_in_use', 'waiting model_in_use', 'problem lost', 'waiting model_in_use', 'waiting model_in_use', 'start a process of Interlock'],
  ['behind another one in line', 'waiting behind_in_line', '2 waiting', 'waiting behind_in_line', 'waiting behind_in_line', well, 'waiting behind_in_line', 'waiting behind_in_line', 'job b has to end'],
  ['one job at a time', 'waiting serialized', '1 waiting', 'waiting serialized', 'waiting serialized', well, 'waiting serialized', 'waiting serialized', 'allow more jobs at once'],
  ['no slot of the queue is free', 'waiting at_capacity', '1 waiting', 'waiting at_capacity', 'waiting at_capacity', well, 'waiting at_capacity', 'waiting at_capacity', 'raise maxActive'],
  ['not due', 'waiting not_due', '1 waiting', 'waiting not_due', '1 waiting', well, 'waiting not_due', 'waiting not_due', 'no process is alive that goes on with it'],
  ['comes after a job that runs', 'waiting waits_for_parents', '1 waiting', 'waiting waits_for_parents', '1 waiting', well, 'waiting waits_for_parents', 'waiting waits_for_parents', 'job a has to end; it then joins the line by itself'],
  ['between two tries', 'waiting not_due', '1 waiting', 'waiting not_due', '1 waiting', well, 'waiting not_due', 'waiting not_due', 'no process is alive that goes on with it'],
  ['its model is paused', 'waiting model_paused', '1 waiting', 'waiting model_paused', '1 waiting', 'note paused', 'waiting model_paused', 'waiting model_paused', 'somebody has to resume the model'],
  ['over the rate of its model', 'waiting rate_limited', '1 waiting', 'waiting rate_limited', 'waiting rate_limited', well, 'waiting rate_limited', 'waiting needs process', 'when the window of the rate opens'],
  ['its share is used up', 'waiting fair_share_limit', '1 waiting', 'waiting fair_share_limit', 'waiting fair_share_limit', well, 'waiting fair_share_limit', 'waiting needs process', 'with its fair key'],
  ['its tier has no room', 'waiting fair_share_limit', '1 waiting', 'waiting fair_share_limit', 'waiting fair_share_limit', well, 'waiting fair_share_limit', 'waiting needs process', '--tier'],
  ['what it uses is used up', 'waiting rate_limited', '1 waiting', 'waiting rate_limited', 'waiting rate_limited', well, 'waiting rate_limited', 'waiting needs process', ''],
  ['it uses more than there ever is', 'waiting use_over_limit', '1 waiting', 'waiting use_over_limit', '1 waiting', 'problem use_over_limit', 'waiting use_over_limit', 'waiting use_over_limit', 'limit'],
  ['it fits no place', 'waiting fits_no_place', '1 waiting', 'waiting fits_no_place', '1 waiting', 'problem fits_no_place', 'waiting fits_no_place', 'waiting fits_no_place', '--units'],
  ['nobody serves one of its two cards', 'waiting model_in_use', '1 waiting', 'waiting model_in_use', 'waiting model_in_use', 'problem place_unserved', 'waiting model_in_use', 'waiting needs process', 'no live process serves h:1, where m could be too'],
  ['a process serves a card by a name that is none', 'waiting model_in_use', '1 waiting', 'waiting model_in_use', 'waiting model_in_use', 'problem serves_nothing, problem place_unserved', 'waiting model_in_use', 'waiting needs process', 'no live process serves h:1, where m could be too'],
  ['all workers are gone, a producer is alive', 'waiting no_worker', '1 waiting', 'waiting no_worker', 'waiting no_worker', 'problem no_worker', 'waiting no_worker', 'waiting no_worker', 'start a worker with a handler for normal'],
  ['others use what is limited', 'waiting model_in_use', '1 waiting', 'waiting model_in_use', 'waiting model_in_use', well, 'waiting model_in_use', 'waiting model_in_use', 'job a has to end'],
  ['its place is taken by a job of another model', 'waiting model_in_use', '1 waiting', 'waiting model_in_use', 'waiting model_in_use', well, 'waiting model_in_use', 'waiting needs process', 'job a has to end'],
  ['its turn comes after that of another key', 'waiting serialized', '2 waiting', 'waiting serialized', 'waiting serialized', well, 'waiting serialized', 'waiting serialized', 'its turn: ann'],
  ['the queue is draining', 'waiting draining', '1 waiting', 'waiting draining', 'waiting draining', 'note draining', 'waiting draining', 'waiting draining', 'npx interlock-queue resume'],
  ['the queue is drained', 'waiting draining', '1 waiting', 'waiting draining', 'waiting draining', 'note draining', 'waiting draining', 'waiting draining', 'npx interlock-queue resume'],
  ['its cancel by SQL is undecided', 'waiting no_worker', '1 waiting, 1 undecided', 'waiting no_worker', 'waiting no_worker', 'problem no_worker, problem inbox', 'waiting no_worker', 'waiting no_worker', 'cancel'],
  ['submitted again with another spec, refused', 'waiting no_worker', '1 waiting, 1 refused', 'waiting no_worker', 'waiting no_worker', 'problem no_worker, note refused', 'waiting no_worker', 'waiting no_worker', 'job_exists'],
  // Active.
  ['runs in a live worker', 'active', 'active', 'active', 'active', well, 'active', 'active', 'nothing: it ends when its worker says so'],
  ['its worker missed its heartbeats', 'active late', 'active late', 'active late', 'active late', 'problem late', 'active late', 'active late', 'beat again'],
  ['its worker was killed 4 minutes ago', 'active lost', 'active lost', 'active lost', 'active lost', 'problem lost', 'active lost', 'active lost', 'start a process of Interlock'],
  ['its worker was killed, one that decides nothing is alive', 'active lost', 'active lost', 'active lost', 'active lost', 'problem lost', 'active lost', 'active lost', 'start a process of Interlock'],
  ['asked to stop', 'active', 'active', 'active', 'active', well, 'active', 'active', 'its worker'],
  ['detached', 'active', 'active', 'active', 'active', well, 'active', 'active', 'with its fencing token'],
  ['in doubt after a restore', 'active', 'active', 'active', 'active', 'note draining', 'active', 'active', 'npx interlock-queue recover'],
  ['its end is committed, and its worker was killed', 'active', 'active', 'active', 'active', 'problem inbox', 'active', 'active', 'start a process of Interlock on this queue'],
  ['its end by SQL is undecided', 'active', 'active', 'active', 'active', 'problem inbox', 'active', 'active', 'complete'],
  // Not live: not yet, or no more.
  ['submitted, nobody decides', 'submitted undecided', '1 undecided', 'submitted undecided', '1 undecided', 'problem inbox', 'submitted undecided', 'submitted undecided', 'start a process of Interlock'],
  ['submitted, its model is not declared any more', 'submitted unknown_model', '1 undecided', 'submitted unknown_model', '1 undecided', 'problem unknown_model', 'submitted unknown_model', 'submitted unknown_model', 'npx interlock-queue policy set --models'],
  ['submitted, its id is one that a schedule gives', 'submitted schedule_owned', '1 undecided', 'submitted schedule_owned', '1 undecided', 'problem schedule_owned', 'submitted schedule_owned', 'submitted schedule_owned', 'cancel it, and submit it again under another id'],
  ['submitted, refused after the commit', 'refused models_required', '1 refused', 'refused models_required', '1 refused', 'note refused', 'refused models_required', 'refused models_required', 'submit it again'],
  ['completed', 'ended completed', counts, lives, screen, ends, 'ended completed', 'ended completed', 'nothing'],
  ['failed for good', 'ended failed', counts, lives, screen, 'note dead', 'ended failed', 'ended failed', 'npx interlock-queue retry'],
  ['cancelled', 'ended cancelled', counts, lives, screen, ends, 'ended cancelled', 'ended cancelled', 'nothing'],
  ['ran outside the line', 'ended bypassed', counts, lives, screen, ends, 'ended bypassed', 'ended bypassed', 'nothing'],
  ['ended, archived and kept', 'archived completed', counts, lives, screen, ends, 'archived', 'archived', 'nothing'],
  ['ended, archived and gone', 'archived', counts, lives, screen, ends, 'archived', 'archived', '--from-archive'],
  ['never heard of', 'unknown', counts, lives, screen, well, 'unknown', nobody, ''],
  // Time passes.
  ['may start, a worker is free', 'waiting offered', '1 waiting', 'waiting offered', 'waiting offered', 'problem offered', 'waiting offered', 'waiting offered', 'takes it within its next poll'],
  ['may start, all slots are taken', 'waiting no_worker', '1 waiting', 'waiting no_worker', 'waiting no_worker', 'note busy', 'waiting no_worker', 'waiting no_worker', 'more slots'],
  ['may start, beside a worker that serves no place', 'waiting offered', '1 waiting', 'waiting offered', 'waiting offered', well, 'waiting offered', 'waiting needs process', ''],
  ['it needs a place, and only a worker that serves none is alive', 'waiting no_worker', '1 waiting', 'waiting no_worker', 'waiting no_worker', 'problem no_worker', 'waiting no_worker', 'waiting needs process', 'start a worker'],
  ['the process that serves its place has no free slot', 'waiting no_worker', '1 waiting', 'waiting no_worker', 'waiting no_worker', 'note busy', 'waiting no_worker', 'waiting needs process', 'more slots'],
  ['beside a batch', 'waiting offered', '1 waiting', 'waiting offered', 'waiting offered', 'problem offered', 'waiting offered', 'waiting offered', ''],
  ['its time came, and nobody noted it', 'waiting overdue', '1 waiting', 'waiting overdue', '1 waiting', 'problem overdue', 'waiting overdue', 'waiting overdue', 'start a process of Interlock'],
  ['behind one that no worker wanted in time', 'waiting no_worker', '2 waiting', 'waiting no_worker', 'waiting no_worker', 'problem no_worker', 'waiting no_worker', 'waiting needs process', 'start a worker'],
  ['it waited too long, and nobody noted it', 'waiting overdue', '1 waiting', 'waiting overdue', 'waiting overdue', 'problem overdue', 'waiting overdue', 'waiting overdue', 'start a process of Interlock'],
  ['detached, its time is over', 'active overdue', 'active overdue', 'active overdue', 'active overdue', 'problem overdue', 'active overdue', 'active overdue', 'start a process of Interlock'],
  ['expired', 'ended expired', counts, lives, screen, 'note dead', 'ended expired', 'ended expired', 'npx interlock-queue retry'],
  // Rows of the user's own table.
  ['its row arrived, nobody takes it in', 'submitted arrived', '1 undecided', 'submitted arrived', '1 undecided', 'problem arrivals', 'submitted arrived', 'submitted arrived', 'a worker with intake'],
  ['its row cannot be taken in', 'refused not_taken_in', '1 refused', 'refused not_taken_in', '1 refused', 'problem not_taken_in, note adoptable', 'refused not_taken_in', 'refused not_taken_in', 'npx interlock-queue adopt'],
  ['its row is older than Interlock', 'unknown adoptable', counts, lives, screen, 'note adoptable', 'unknown adoptable', 'unknown adoptable', 'npx interlock-queue adopt'],
  ['runs, its row is behind', 'active', 'active', 'active', 'active', 'problem behind', 'active', 'active', 'behind the log'],
]

export const expected: ReadonlyMap<string, Answers> = new Map(
  rows.map(([situation, ...says]) => [
    situation,
    Object.fromEntries(columns.map((column, at) => [column, says[at] ?? ''])) as Answers,
  ]),
)
