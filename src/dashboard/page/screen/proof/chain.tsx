import { useDesk } from '../../frame/context.ts'
import { Panel } from '../../part/panel.tsx'

/** Where the chain of hashes is checked: over the rows as the database has them, which the page does not get. */
export function Chain() {
  const { live } = useDesk()
  const of = live.queue === 'default' ? '' : ` --queue ${live.queue}`
  return (
    <Panel id="chain" title="Chain and anchor" wide>
      <dl class="facts">
        <dt>
          <code>interlock chain{of}</code>
        </dt>
        <dd>computes every hash again, and prints the anchor of the last event, to note elsewhere</dd>
        <dt>
          <code>interlock verify --anchor …{of}</code>
        </dt>
        <dd>says whether the log still is the one that an anchor was taken of</dd>
      </dl>
    </Panel>
  )
}
