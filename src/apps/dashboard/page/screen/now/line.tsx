import { diagnosisOf, jobOf, type Ledger, waitingCount } from '../../../../../engine/core/index.ts'
import { count } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { localText } from '../../frame/time.ts'
import { factsIn } from '../../part/facts.ts'
import { None } from '../../part/load.tsx'
import { JobWithModels } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'
import { WindowedList } from '../../part/window.tsx'
import { Reasons } from './reasons.tsx'

const ROW = 44

/** The line of the queue, in the order in which its jobs may start, and the jobs beside the line. */
export function Line() {
  const { shown } = usePage()
  const ledger = shown.ledger.value
  const beside = waitingCount(ledger) - ledger.line.size
  return (
    <Panel
      id="line"
      title="Line"
      aside={`${count(ledger.line.size)}${beside > 0 ? `, and ${count(beside)} not in line yet` : ''}`}
    >
      <Reasons />
      {ledger.line.size === 0 ? <None>No job waits in line.</None> : null}
      <WindowedList
        label="The line"
        count={ledger.line.size}
        rowHeight={ROW}
        row={(index) => <Waiting key={index} ledger={ledger} index={index} />}
      />
    </Panel>
  )
}

function Waiting({ ledger, index }: { readonly ledger: Ledger; readonly index: number }) {
  const { live, shown } = usePage()
  const job = jobOf(ledger, ledger.line.at(index)?.jobId ?? '')
  if (job === undefined) return null
  const { reason, code } = diagnosisOf(factsIn(live, shown, ledger), job)
  return (
    <li data-job={job.jobId} data-code={code}>
      <span class="number">{index + 1}</span>
      <JobWithModels id={job.jobId} models={job.spec.models} />
      <span class="reason" title={localText(reason)}>
        {localText(reason)}
      </span>
    </li>
  )
}
