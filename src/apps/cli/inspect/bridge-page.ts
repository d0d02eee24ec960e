/**
 * The page that passes messages of the relay on to the inspector. The inspector accepts messages of the page around it, and that
 * page gets them from the relay. The token comes in the fragment of the address, which browsers do not send.
 * @param ui the address of the inspector, checked
 */
export function bridgePage(ui: URL): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Interlock: inspector</title>
<style>html, body, iframe { margin: 0; width: 100%; height: 100%; border: 0 } p { font: 16px system-ui; padding: 2em }</style>
<iframe id="ui" src="${attribute(ui.href)}" hidden></iframe>
<p id="note">Waiting for the relay…</p>
<script src="/bridge.js" data-origin="${attribute(ui.origin)}"></script>
</html>
`
}

/** A separate file, so that the page needs no inline script. It passes messages on without reading them. */
export const bridgeScript = `'use strict'
const origin = document.currentScript.dataset.origin
const frame = document.getElementById('ui')
const note = document.getElementById('note')
const waiting = []
let connected = false
const hand = (message) => frame.contentWindow.postMessage(message, origin)
window.addEventListener('message', ({ source, origin: from, data }) => {
  if (source !== frame.contentWindow || from !== origin || !data || data.type !== '@statelyai.connected') return
  connected = true
  waiting.splice(0).forEach(hand)
})
const relay = new WebSocket('ws://' + location.host + '/?token=' + encodeURIComponent(location.hash.slice(1)))
relay.onopen = () => { note.hidden = true; frame.hidden = false }
relay.onclose = () => { note.hidden = false; note.textContent = 'The relay has ended, or the token of this address is not its own.' }
relay.onmessage = ({ data }) => { const message = JSON.parse(data); connected ? hand(message) : waiting.push(message) }
`

const attribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
