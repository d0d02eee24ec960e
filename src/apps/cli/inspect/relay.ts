import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { listenOn } from '../port.ts'

const LOOPBACK = '127.0.0.1'
/** A client that does not read is disconnected before it costs more memory than this. */
const MOST_BUFFERED = 32 * 1024 * 1024

/** Where messages for inspectors go. */
export interface Relay {
  /** For a browser: a page that passes the messages on to the inspector. The token is in the fragment of its address. */
  readonly page: string
  /** For a program that speaks the inspector's protocol over a WebSocket. */
  readonly socket: string
  readonly clients: number
  /** To every client that is connected, in order. */
  send(message: object): void
  close(): Promise<void>
}

export interface RelayOptions {
  readonly ui: URL
  /** 0: any that is free. */
  readonly port: number
  /** What a client is sent first. */
  readonly greeting: () => readonly object[]
  /** A client came or went. */
  readonly onClients: () => void
}

/**
 * A WebSocket server for inspectors, on this machine only, and only with its token: 256 random bits, new each time. It keeps and
 * repeats nothing: a client that comes late gets the greeting and what follows.
 */
export async function openRelay({ ui, port, greeting, onClients }: RelayOptions): Promise<Relay> {
  const token = randomBytes(32).toString('base64url')
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024 })
  const server = createServer((request, response) => answer(request, response, ui))
  await listenOn(server, port)
  const host = `${LOOPBACK}:${(server.address() as AddressInfo).port}`
  const origins = new Set([`http://${host}`, ui.origin])
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // `close` reports a peer that is gone. There is nothing else to do.
    socket.on('error', () => {})
    if (!isAllowed(request, { token, host, origins })) return refuse(socket)
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => {})
      client.once('close', onClients)
      for (const message of greeting()) client.send(JSON.stringify(message))
      onClients()
    })
  })
  return {
    page: `http://${host}/#${token}`,
    socket: `ws://${host}/?token=${token}`,
    get clients() {
      return sockets.clients.size
    },
    send: (message) => sendAll(sockets, JSON.stringify(message)),
    close: () => closed(sockets, server),
  }
}

function sendAll({ clients }: WebSocketServer, text: string): void {
  for (const client of clients) {
    if (client.readyState !== client.OPEN) continue
    if (client.bufferedAmount > MOST_BUFFERED) client.close(1013, 'too slow')
    else client.send(text)
  }
}

interface RelayAccess {
  readonly token: string
  readonly host: string
  readonly origins: ReadonlySet<string>
}

/**
 * The token decides. The host name and the origin are checked as well: that stops a page elsewhere that points its own name at
 * this machine, or guesses.
 */
function isAllowed({ url = '', headers }: IncomingMessage, { token, host, origins }: RelayAccess): boolean {
  if (headers.host !== host) return false
  if (headers.origin !== undefined && !origins.has(headers.origin)) return false
  const given = URL.canParse(url, `ws://${host}`)
    ? new URL(url, `ws://${host}`).searchParams.get('token')
    : null
  if (given === null || given.length !== token.length) return false
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function refuse(socket: Duplex): void {
  socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}

/** Two files without secrets. Everything else is not found. */
function answer({ method, url, headers }: IncomingMessage, response: ServerResponse, ui: URL): void {
  const isHere = headers.host?.startsWith(`${LOOPBACK}:`) === true && method === 'GET'
  const file = isHere
    ? { '/': ['text/html', bridgePage(ui)], '/bridge.js': ['text/javascript', bridgeScript] }[url ?? '']
    : undefined
  if (file === undefined) return void response.writeHead(404).end()
  const [type, text] = file
  response
    .writeHead(200, {
      'content-type': `${type}; charset=utf-8`,
      'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; frame-src ${ui.origin}; connect-src ws://${headers.host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    .end(text)
}

async function closed(sockets: WebSocketServer, server: Server): Promise<void> {
  const goodbyes = [...sockets.clients].map((client) => goodbye(client))
  await Promise.all(goodbyes)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Lets the client receive what was sent before. Does not wait for a client that does not answer. */
function goodbye(client: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => client.terminate(), 1_000)
    client.once('close', () => {
      clearTimeout(late)
      resolve()
    })
    client.close(1000)
  })
}

/**
 * The page that passes messages of the relay on to the inspector. The inspector accepts messages of the page around it, and that
 * page gets them from the relay. The token comes in the fragment of the address, which browsers do not send.
 * @param ui the address of the inspector, checked
 */
function bridgePage(ui: URL): string {
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
const bridgeScript = `'use strict'
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
